//! The list of the suite's cases, and the macro that makes tests of it.
//!
//! Keeps the invariant that the list is the functions: `tests/list.rs` reads the sources and
//! compares.

/// Makes a module with one `#[test]` for each case of the suite, run on a back-end.
///
/// The expression makes a [`Backend`](crate::Backend) and is evaluated for each test.
///
/// # Examples
///
/// ```
/// use toka_vault_testkit::Backend;
/// use toka_vault_testkit::logs::{Disk, open_vault};
///
/// toka_vault_testkit::conformance!(on_disk, Backend::new(|| open_vault(&Disk::default())));
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! conformance {
    ($module:ident, $backend:expr) => {
        mod $module {
            #[allow(unused_imports, reason = "what the expression needs")]
            use super::*;

            #[cfg(test)]
            fn backend() -> $crate::Backend {
                $backend
            }
            $crate::conformance_cases!(conformance_tests);
        }
    };
}

/// Makes the tests of [`conformance!`].
#[doc(hidden)]
#[macro_export]
macro_rules! conformance_tests {
    ($($subject:ident { $($case:ident)* })*) => {
        $(mod $subject {
            $(#[test]
            fn $case() {
                $crate::runner::run_case(stringify!($subject), stringify!($case), super::backend);
            })*
        })*
    };
}

/// Hands the list of cases to the macro of this crate that is named first.
#[doc(hidden)]
#[macro_export]
macro_rules! conformance_cases {
    ($receiver:ident) => {
        $crate::$receiver! {
            bad_input {
                malformed_kinds
                the_longest_kind_is_taken
                unknown_parents
                the_event_itself_as_parent
                duplicate_parents
                too_many_parents
                a_payload_above_the_limit
                payloads_that_cannot_be_encoded
                a_payload_without_json_form
                bad_commits_do_not_disturb_good_ones
            }
            backward {
                it_reads_everything_newest_first
                it_is_the_forward_replay_turned_round
                it_stops_at_the_limit
                a_limit_of_zero_reads_nothing
                it_goes_down_to_its_start
                a_start_and_a_limit_go_together
                an_unknown_id_is_the_first_item
                it_begins_at_the_head_of_the_call
                it_reads_large_payloads
            }
            batches {
                headers_come_in_the_order_of_the_batch
                a_later_event_can_name_an_earlier_one
                an_earlier_event_cannot_name_a_later_one
                one_bad_event_refuses_the_batch
                the_largest_batch_is_taken_and_no_larger
                too_many_bytes_are_refused
                batches_of_concurrent_writers_stay_whole
                a_batch_becomes_visible_at_once
                thousands_become_visible_at_once
            }
            cancel {
                a_dropped_recv_loses_nothing
                a_dropped_try_next_loses_nothing
                a_commit_that_is_never_polled_does_nothing
                a_dropped_commit_happens_whole_or_not_at_all
                a_dropped_commit_can_be_repeated
                a_dropped_commit_wakes_who_waits
                a_dropped_close_closes
            }
            causality {
                children_are_those_that_name_it
                children_of_an_unknown_id_are_an_error
                children_end_at_the_head_of_the_call
                a_batch_is_part_of_the_graph
                a_chain_is_walked_to_its_end
                a_diamond_is_walked_once
                a_ladder_of_diamonds_is_walked_once
                a_fan_is_walked
                a_join_of_1024_is_walked
                parents_come_before_their_children
                the_nearest_come_first_when_asked
                a_limit_keeps_the_nearest
                a_depth_counts_the_shortest_way
                a_short_way_that_is_found_late_counts
                a_bound_of_zero_gives_nothing
                walks_from_the_ends_are_empty
                an_unknown_id_is_the_only_item
                a_walk_down_ends_at_the_head_of_its_first_item
                a_walk_gives_whole_events
                the_graph_is_there_after_reopening
                what_was_evicted_is_no_part_of_the_graph
                an_id_that_was_evicted_and_came_back_is_another_event
            }
            close {
                a_closed_vault_takes_no_commits
                closing_twice_is_fine
                an_empty_vault_can_be_closed
                a_waiting_subscriber_gets_the_end
                an_ended_subscription_stays_at_its_end
                subscriptions_give_what_was_there_and_end
                a_replay_gives_the_history_or_says_closed
                accepted_commits_are_finished
                a_commit_under_way_is_finished_or_refused
            }
            commits {
                an_empty_vault_has_nothing
                an_event_is_stored_as_committed
                headers_are_those_that_are_read
                positions_are_dense_from_one
                an_empty_batch_does_nothing
                commit_json_takes_values_and_references
                equal_content_makes_events_of_their_own
                clones_share_the_vault
                an_answered_commit_is_visible
            }
            conditions {
                the_head_is_still_there
                nothing_came_in_between
                an_event_is_still_a_leaf
                a_range_of_time_holds_for_conditions
                old_events_count_as_well_as_new_ones
                all_conditions_hold_for_the_whole_batch
                a_repeat_is_answered_before_its_conditions
                what_broke_a_condition_can_be_read
                one_of_many_wins
                no_update_is_lost
                a_refusal_disturbs_no_other_commit
                what_was_there_before_counts
            }
            copying {
                a_copy_is_the_same_history
                a_copy_from_elsewhere_is_the_same_history
                a_repeated_copy_adds_what_is_new
                a_vault_with_events_of_its_own_gets_the_rest
                a_part_from_the_middle_is_known
                a_parent_before_the_start_has_to_be_there
                an_id_with_other_content_is_a_conflict
                another_past_is_told
                a_dropped_copy_can_be_repeated
            }
            damage {
                it_is_told_in_its_place_and_all_others_are_read
                a_subscription_goes_on_behind_it
                it_is_told_by_a_lookup_and_the_others_are_found
                its_id_is_given_to_no_other_event
                commits_go_on_behind_it
                verifying_names_it
            }
            eviction {
                the_newest_events_are_kept
                a_reader_is_told_and_goes_on
                a_backward_replay_is_told
                a_slow_subscriber_is_told_and_goes_on
                the_beginning_is_the_oldest_there_is
                an_evicted_event_is_not_found
                an_evicted_id_is_unknown
                an_evicted_parent_is_unknown
                an_evicted_id_counts_as_new
                a_batch_above_the_capacity_leaves_its_newest
                what_is_left_verifies
            }
            filtered_walks {
                a_walk_goes_through_what_is_not_meant
                a_filter_that_means_everything_changes_nothing
                a_limit_counts_what_is_meant
                a_child_behind_many_others_is_reached
                a_filter_and_a_depth_go_together
                a_filter_that_means_nothing_gives_nothing
                a_range_of_time_holds_for_walks
                a_long_way_through_others_is_walked
                an_unknown_id_is_told_whatever_is_meant
            }
            filters {
                a_replay_reads_what_is_meant
                a_backward_replay_reads_the_same
                starts_and_limits_hold_for_what_is_meant
                a_range_of_time_takes_its_start_and_not_its_end
                a_subscription_gives_what_is_meant
                what_is_meant_is_found_while_more_is_committed
                a_filter_that_means_everything_reads_everything
                what_is_meant_is_found_after_reopening
                what_is_evicted_is_told
                many_kinds_are_told_apart
                one_function_decides
            }
            from_a_time {
                it_starts_at_the_first_event_of_that_time
                what_stands_behind_is_read_whatever_its_time
                a_time_that_was_assigned_finds_its_event
                a_backward_replay_goes_down_to_it
                a_filter_and_a_limit_go_together_with_it
                a_subscription_gives_history_and_goes_live
                a_subscription_waits_for_that_time
                it_is_found_in_a_long_history
                it_is_found_after_reopening
                what_was_evicted_is_passed_over
            }
            hashes {
                the_event_hash_covers_content_and_parents
                the_event_hash_is_the_same_everywhere
                the_chain_folds_all_event_hashes
                the_chain_moves_with_stored_events_only
                a_long_history_verifies
            }
            idempotency {
                a_repeated_commit_returns_the_first_header
                old_commits_can_be_repeated
                an_assigned_id_can_be_repeated
                a_batch_can_hold_repeated_and_new_events
                an_event_twice_in_a_batch_is_stored_once
                an_id_twice_in_a_batch_with_other_content_is_a_conflict
                other_content_is_a_conflict_that_names_the_part
                a_conflict_refuses_its_batch
                the_timestamp_need_not_be_repeated
                equal_content_of_another_type_is_a_repeat
                concurrent_repeats_store_one_event
                concurrent_conflicts_have_one_winner
            }
            ids {
                assigned_ids_grow
                assigned_ids_grow_across_tasks
                brought_ids_are_kept
                brought_ids_do_not_move_assigned_ones
                assigned_ids_pass_over_brought_ones
                brought_timestamps_are_kept
                brought_timestamps_do_not_move_assigned_ones
                assigned_timestamps_tell_the_time
            }
            lookups {
                events_come_in_the_order_that_is_asked
                an_id_twice_is_answered_twice
                what_is_unknown_is_none_in_its_place
                nothing_asked_is_nothing_answered
                thousands_are_looked_up
                large_events_are_looked_up
                a_header_is_that_of_its_event
                what_was_evicted_is_none
                what_was_there_before_is_found
                a_dropped_lookup_disturbs_nothing
            }
            order {
                all_readers_see_one_order
                each_writer_keeps_its_order
                children_stand_behind_their_parents
            }
            parents {
                parents_keep_their_order
                the_order_of_parents_is_hashed
                an_event_takes_1024_parents
                old_events_can_be_parents
                chains_and_diamonds_verify
                a_parent_has_to_be_there_first
                a_repeated_event_can_be_a_parent
            }
            payloads {
                all_sizes_come_back
                all_sizes_go_into_one_batch
                the_largest_payload_is_taken
                a_batch_of_the_largest_payloads_is_taken
                all_shapes_come_back
                the_digest_is_that_of_the_bytes
                one_payload_can_be_stored_often
                a_payload_is_found_by_its_digest
                a_payload_is_found_by_its_digest_after_reopening
                no_more_is_shared_than_is_repeated
            }
            read_only {
                it_shows_what_the_vault_has
                it_answers_what_the_vault_answers
                it_refuses_every_commit
                the_vault_goes_on_as_if_nobody_had_looked
            }
            relations {
                is_ancestor_tells_every_relation
                is_ancestor_of_an_unknown_id_is_an_error
                common_ancestors_are_the_nearest
                a_criss_cross_has_several_common_ancestors
                a_common_ancestor_can_be_one_of_the_two
                parts_of_their_own_have_nothing_in_common
                common_ancestors_of_an_unknown_id_are_an_error
                roots_and_leaves_are_the_ends
                an_empty_vault_has_no_ends
            }
            reopen {
                what_was_committed_is_there
                a_dropped_vault_has_every_answered_commit
                an_empty_vault_stays_empty
                order_goes_on_where_it_was
                assigned_ids_go_on_behind_brought_ones
                ids_are_idempotent_for_ever
                events_from_before_can_be_parents
                a_reader_goes_on_at_its_place
                it_opens_again_and_again
                large_payloads_are_there
            }
            replay {
                it_reads_everything
                it_starts_after_a_position
                it_finds_nothing_beyond_the_head
                it_starts_after_an_id
                an_unknown_id_is_the_first_item
                it_stops_at_the_limit
                a_start_and_a_limit_go_together
                it_ends_at_a_position
                a_limit_of_zero_reads_nothing
                it_ends_at_the_head_of_the_call
                it_stays_at_its_end
                it_does_not_hold_back_commits
                it_reads_thousands_without_a_gap
                it_reads_large_payloads_among_small_ones
            }
            runtimes {
                it_works_without_a_runtime
                it_works_on_a_current_thread_runtime
                it_works_on_a_multi_thread_runtime
                one_thread_is_enough_for_readers_and_writers
                threads_and_tasks_share_a_vault
                a_subscription_moves_between_runtimes
                it_works_behind_a_pointer
            }
            subscribe {
                it_gives_history_and_then_goes_live
                it_gives_what_replay_gives
                head_is_that_of_the_call
                it_starts_after_a_position
                it_waits_for_a_position_to_come
                it_starts_after_an_id
                an_unknown_id_is_an_error
                a_commit_wakes_who_waits
                subscribers_do_not_share
                a_slow_subscriber_loses_nothing
                there_is_no_seam
                it_is_a_stream
            }
        }
    };
}

/// Writes the cases as data, each with the function that runs it.
///
/// The boxes keep the cases in the crate that expands this: a future that is returned as it is would
/// be compiled again in each crate that polls it.
#[doc(hidden)]
#[macro_export]
macro_rules! conformance_table {
    ($($subject:ident { $($case:ident)* })*) => {
        &[$($((
            stringify!($subject),
            stringify!($case),
            |backend| Box::pin($crate::conformance::$subject::$case(backend)),
        )),*),*]
    };
}

/// Writes the list of cases as data.
#[doc(hidden)]
#[macro_export]
macro_rules! conformance_names {
    ($($subject:ident { $($case:ident)* })*) => {
        &[$((stringify!($subject), &[$(stringify!($case)),*] as &[&str])),*]
    };
}
