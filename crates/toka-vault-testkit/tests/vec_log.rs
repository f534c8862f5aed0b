//! The suite and the model, on the engine over a log in memory: what the test kit offers as an
//! example holds what it demands of others.

use toka_vault_core::Event;
use toka_vault_testkit::Backend;
use toka_vault_testkit::logs::{Disk, open_vault};
use toka_vault_testkit::model::check_against_model;
use toka_vault_testkit::model::ops::operations;

toka_vault_testkit::conformance!(on_disk, {
    let disk = Disk::default();
    let stored = disk.clone();
    let damage = move |event: &Event| stored.damage(event.position(), event.position());
    Backend::new(move || open_vault(&disk)).durable().with_damage(damage)
});

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config { cases: 60, failure_persistence: None, ..Default::default() })]

    #[test]
    fn it_answers_like_the_model(ops in operations(60)) {
        let disk = Disk::default();
        let backend = Backend::new(move || open_vault(&disk)).durable();
        futures::executor::block_on(check_against_model(&backend, &ops));
    }
}
