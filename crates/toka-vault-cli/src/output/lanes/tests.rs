//! Exact drawings of small graphs, and what holds for any.

use super::*;

/// Draws a graph: each line of `events` is an event and its parents, newest first.
fn drawn(events: &str) -> String {
    let mut lanes = Lanes::new();
    let mut text = String::new();
    for line in events.lines() {
        let mut names = line.split_whitespace();
        let Some(event) = names.next() else { continue };
        let parents: Vec<&str> = names.collect();
        let Drawn { gap, event: row, lines } = lanes.draw(event, &parents);
        gap.iter().for_each(|row| text += &format!("{}\n", shown(row)));
        text += &format!("{} {event}\n", shown(&row));
        lines.iter().for_each(|row| text += &format!("{}\n", shown(row)));
    }
    text
}

fn shown(row: &Row) -> String {
    row.cells().iter().map(|cell| cell.character).collect()
}

/// Compares a drawing with the one that is expected, which starts behind a line end.
#[track_caller]
fn assert_drawn(events: &str, expected: &str) {
    let drawn = drawn(events);
    assert_eq!(drawn, expected.trim_start_matches('\n'), "\n{drawn}");
}

#[test]
fn a_chain_is_one_lane() {
    assert_drawn("3 2\n2 1\n1", "\n* 3\n* 2\n* 1\n");
}

#[test]
fn a_fork_is_two_lanes_that_come_together() {
    assert_drawn(
        "3 1\n2 1\n1",
        r"
* 3
| * 2
|/
* 1
",
    );
}

#[test]
fn a_merge_parts_a_lane() {
    assert_drawn(
        "4 3 2\n3 1\n2 1\n1",
        r"
* 4
|\
* | 3
| * 2
|/
* 1
",
    );
}

#[test]
fn an_octopus_parts_a_lane_into_as_many_as_it_has_parents() {
    assert_drawn(
        "5 4 3 2\n4 1\n3 1\n2 1\n1",
        r"
* 5
|\
| |\
* | | 4
| * | 3
|/  |
|   * 2
|  /
|/
* 1
",
    );
    assert_drawn(
        "6 5 4 3 2\n5\n4\n3\n2",
        r"
* 6
|\__
| |\ \
* | | | 5
  * | | 4
    * | 3
      * 2
",
    );
}

#[test]
fn a_criss_cross_leads_from_each_to_both() {
    assert_drawn(
        "5 3 2\n4 3 2\n3 1\n2 1\n1",
        r"
* 5
|\
| | * 4
| |/|
|/| |
| |/
* | 3
| * 2
|/
* 1
",
    );
}

#[test]
fn a_line_crosses_the_lanes_in_between() {
    assert_drawn(
        "8 1\n7 2\n6 3\n5 1\n4 1 9\n3\n2\n1\n9",
        r"
* 8
| * 7
| | * 6
| | | * 5
| |_|/
|/| |
| | | * 4
| |_|/|
|/| | |
| | * | 3
| *   | 2
*     | 1
      * 9
",
    );
}

#[test]
fn a_lane_that_is_free_is_used_again() {
    assert_drawn(
        "9 1\n8 1\n7 2\n2 1\n6 1 5\n5\n1",
        r"
* 9
| * 8
|/
| * 7
| * 2
|/
| * 6
|/|
| * 5
* 1
",
    );
}

#[test]
fn a_lane_comes_over_from_the_right_where_it_is_alone() {
    assert_drawn(
        "5 3 4\n4 2\n3 2\n2 1\n1",
        r"
* 5
|\
| * 4
* | 3
|/
* 2
* 1
",
    );
    assert_drawn(
        "9 1\n8 2\n7 3\n6 4\n4 5\n1 5\n2\n3\n5",
        r"
* 9
| * 8
| | * 7
| | | * 6
| | | * 4
* | | | 1
| |_|/
|/| |
| * | 2
|   * 3
* 5
",
    );
}

#[test]
fn several_roots_stand_apart() {
    assert_drawn("4 3\n3\n2 1\n1", "\n* 4\n* 3\n\n* 2\n* 1\n");
    assert_drawn("4 2\n3\n2 1\n1", "\n* 4\n| * 3\n* 2\n* 1\n");
    assert_drawn("5 2\n4\n3\n2", "\n* 5\n| * 4\n|\n| * 3\n* 2\n");
}

/// Writes events that nothing follows, each with a parent of its own.
fn tips(count: usize) -> String {
    (0..count).map(|number| format!("tip{number} base{number}\n")).collect()
}

#[test]
fn sixty_lanes_stand_side_by_side() {
    let mut expected: String =
        (0..60).map(|number| format!("{}* tip{number}\n", "| ".repeat(number))).collect();
    expected += &format!("{}* join\n", "| ".repeat(60));
    // Along the bottom to the first lane, across all others.
    expected += &format!("| |{}/\n", "_|".repeat(58));
    expected += &format!("|/{}\n", "| ".repeat(59).trim_end());
    expected += &format!("*{} base0\n", " |".repeat(59));
    assert_drawn(&format!("{}join base0\nbase0", tips(60)), &expected);

    let parents: Vec<String> = (0..60).map(|number| format!("p{number}")).collect();
    let expected = format!(
        "* octopus\n|\\{}\n|{}\n*{} p0\n",
        "_".repeat(114),
        " |\\".to_owned() + &" \\".repeat(57),
        " |".repeat(59)
    );
    assert_drawn(&format!("octopus {}\np0", parents.join(" ")), &expected);
}

#[test]
fn what_is_too_wide_is_cut_and_every_event_is_shown() {
    let drawn = drawn(&tips(LANES_DRAWN_MAX + 20));
    let lines: Vec<&str> = drawn.lines().collect();
    assert_eq!(lines[99], format!("{}* tip99", "| ".repeat(99)));
    assert_eq!(lines[100], format!("{}>* tip100", "| ".repeat(100)));
    assert_eq!(lines[119], format!("{}>* tip119", "| ".repeat(100)));
}

#[test]
fn any_graph_has_short_lines_one_event_a_row_and_no_false_neighbours() {
    // A small generator, so that the graph is the same each time.
    let mut state = 7_u64;
    let mut random = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 33) % below
    };
    for _ in 0..50 {
        let mut lanes = Lanes::new();
        let mut above = String::new();
        let mut named = std::collections::HashSet::new();
        for event in (0..200_u64).rev() {
            let mut parents: Vec<u64> = (0..random(5))
                .map(|_| event.saturating_sub(1 + random(12)))
                .filter(|to| *to < event)
                .collect();
            parents.sort_unstable();
            parents.dedup();
            let Drawn { gap, event: row, lines } = lanes.draw(event, &parents);
            above = gap.as_ref().map_or(above, shown);
            let row = shown(&row);
            assert_eq!(row.matches('*').count(), 1, "{row}");
            assert!(lines.len() <= 3);
            let at = row.find('*').unwrap();
            let over = |at: usize| above.chars().nth(at).unwrap_or(' ');
            let touched = over(at) != ' ' || over(at + 1) == '/' || (at > 0 && over(at - 1) == '\\');
            assert_eq!(touched, named.contains(&event), "{event}\n{above}\n{row}");
            named.extend(parents);
            above = lines.last().map_or(row, shown);
        }
    }
}
