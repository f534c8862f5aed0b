//! `export cloudevents` and `import cloudevents`: nothing is lost on the way, and what other systems
//! write is taken.

use futures::executor::block_on;
use serde_json::{Value, json};
use toka_vault::hashing::foreign_id;
use toka_vault::{NewEvent, Timestamp};

use crate::sandbox::Sandbox;

/// Commits three events: JSON, what JSON cannot tell, and a child of both.
fn fill(sandbox: &Sandbox) {
    let vault = sandbox.open("main");
    let events = vec![
        NewEvent::new("order.placed", json!({ "total": 42.5 })).unwrap(),
        NewEvent::new("order.weighed", f64::NAN).unwrap().with_timestamp(Timestamp::MIN),
    ];
    let headers = block_on(vault.commit_batch(events)).unwrap();
    let parents: Vec<_> = headers.iter().rev().map(|header| header.id).collect();
    block_on(vault.commit_json("order.sent", (), &parents)).unwrap();
    block_on(vault.close()).unwrap();
}

/// Reads a file of JSON lines.
fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A CloudEvent of another system, with these attributes more.
fn foreign(id: &str, attributes: &str) -> String {
    format!(r#"{{"specversion":"1.0","id":"{id}","source":"/shop","type":"order.placed"{attributes}}}"#)
}

#[test]
fn export_import_export_gives_the_same_bytes() {
    let sandbox = Sandbox::new();
    fill(&sandbox);
    let first = sandbox.ok(&["export", "cloudevents"]).stdout;
    let file = sandbox.file("events.json", &first);
    let journal = format!("journal:{}", sandbox.path("journal").display());
    for copy in [sandbox.url("copy"), journal] {
        let imported = sandbox.ok(&["--vault", &copy, "import", "cloudevents", &file]);
        imported.assert(0, "read 3 events: 3 new, 0 already there");
        assert_eq!(sandbox.ok(&["--vault", &copy, "export", "cloudevents"]).stdout, first);
        let jsonl = sandbox.ok(&["--vault", &copy, "export", "jsonl"]).stdout;
        assert_eq!(jsonl, sandbox.ok(&["export", "jsonl"]).stdout);
        sandbox.ok(&["--vault", &copy, "import", "cloudevents", &file]).assert(0, "0 new, 3 already there");
    }
}

#[test]
fn a_line_has_what_cloud_events_require_and_no_attribute_that_they_do_not_allow() {
    let sandbox = Sandbox::new();
    fill(&sandbox);
    let events = lines(&sandbox.ok(&["export", "cloudevents"]).stdout);
    let told = sandbox.json(&["log", "--reverse"]);
    for (event, told) in events.iter().zip(&told) {
        assert_eq!(event["specversion"], "1.0");
        assert_eq!(event["source"], "/toka-vault");
        assert_eq!((&event["id"], &event["type"]), (&told["id"], &told["kind"]));
        assert_eq!((&event["time"], &event["tokahash"]), (&told["timestamp"], &told["hash"]));
        assert_eq!(event["tokadigest"], told["digest"]);
        for (name, value) in event.as_object().unwrap().iter().filter(|(name, _)| *name != "data_base64") {
            let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
            assert!(name.len() <= 20 && name.bytes().all(allowed), "{name}");
            assert!(name == "data" || value.is_string(), "{name} is {value}");
        }
    }
    assert_eq!(events[0]["data"], json!({ "total": 42.5 }));
    assert_eq!(events[0]["datacontenttype"], "application/json");
    assert_eq!((events[0].get("tokaparents"), events[0].get("data_base64")), (None, None));
    assert_eq!(events[1]["datacontenttype"], "application/vnd.msgpack");
    assert_eq!(events[1]["data_base64"], "y3/4AAAAAAAA");
    assert_eq!(events[1].get("data"), None);
    let parents = [&told[1]["id"], &told[0]["id"]].map(|id| id.as_str().unwrap());
    assert_eq!(events[2]["tokaparents"], parents.join(" "));
    assert_eq!(events[2].get("data"), Some(&Value::Null));
}

#[test]
fn the_form_can_be_said_by_an_option_as_well() {
    let sandbox = Sandbox::new();
    fill(&sandbox);
    for form in ["jsonl", "cloudevents"] {
        let exported = sandbox.ok(&["export", form]).stdout;
        assert_eq!(sandbox.ok(&["export", "--format", form]).stdout, exported);
        sandbox.ok(&["export", "--format", form, "file"]);
        assert_eq!(std::fs::read_to_string(sandbox.path("file")).unwrap(), exported);
        let copy = sandbox.url(&format!("copy-{form}"));
        sandbox.ok(&["import", "--format", form, "file", "--vault", &copy]).assert(0, "3 new");
        assert_eq!(sandbox.ok(&["export", "--vault", &copy, form]).stdout, exported);
    }
    for mixed in [
        &["export", "--format", "jsonl", "cloudevents"][..],
        &["export", "file", "jsonl"],
        &["import", "--format", "jsonl", "git", "."],
    ] {
        sandbox.run(mixed).assert(2, "say the form once");
    }
    sandbox.run(&["export"]).assert(2, "`export` has to know the form; write one of:");
    let forms = "toka-vault import jsonl <FILE>\n    toka-vault import cloudevents <FILE>\n";
    for nameless in [&["import"][..], &["import", "file"], &["import", "xml", "file"]] {
        sandbox.run(nameless).assert(2, forms);
    }
    for nameless in [&["export", "xml"][..], &["export", "xml", "file"], &["export", "xml", "--skip-damaged"]]
    {
        sandbox.run(nameless).assert(2, "`xml` is no form that `export` knows");
        sandbox.run(nameless).assert(2, "toka-vault export jsonl [FILE]\n");
    }
    sandbox.run(&["export", "--format", "jsonl", "file", "other"]).assert(2, "say the form once");
    sandbox.run(&["import", "--format", "jsonl", "file", "other"]).assert(2, "say the form once");
    sandbox.run(&["import", "--format", "jsonl"]).assert(2, "has to know the file as well");
    sandbox.run(&["export", "--format", "xml"]).assert(2, "possible values: jsonl, cloudevents");
}

#[test]
fn options_stand_before_the_form_or_behind_it() {
    let sandbox = Sandbox::new();
    fill(&sandbox);
    let exported = sandbox.ok(&["export", "cloudevents", "--source", "/x", "--skip-damaged"]).stdout;
    for args in [
        ["export", "--source", "/x", "--skip-damaged", "cloudevents", "-"],
        ["export", "--skip-damaged", "cloudevents", "--source", "/x", "-"],
        ["export", "--skip-damaged", "cloudevents", "-", "--source", "/x"],
    ] {
        assert_eq!(sandbox.ok(&args).stdout, exported, "{args:?}");
    }
    let line = r#"{"id":"2","kind":"a","payload":1,"by":["1"]}"#;
    for args in [
        ["import", "--source", "s", "--parents", "by", "--accept-missing-parents", "jsonl", "-"],
        ["import", "--source", "s", "jsonl", "--accept-missing-parents", "-", "--parents", "by"],
        ["import", "jsonl", "--parents", "by", "--source", "s", "-", "--accept-missing-parents"],
    ] {
        let imported = sandbox.feed(&[&args[..], &["--vault", "memory:"]].concat(), line);
        imported.assert(3, "read 1 event: 1 new");
        assert!(imported.stdout.contains(&foreign_id("s", "1").to_string()), "{imported:?}");
    }
    for (twice, said) in [
        (&["import", "--source", "s", "jsonl", "-", "--source", "t"][..], "say `--source` once"),
        (&["import", "--parents", "s", "jsonl", "-", "--parents", "t"], "say `--parents` once"),
        (&["export", "--source", "/s", "cloudevents", "--source", "/t"], "say `--source` once"),
        (&["import", "--source", "s", "git", "."], "are for `import jsonl` and `import cloudevents`"),
    ] {
        sandbox.run(twice).assert(2, said);
    }
}

#[test]
fn the_source_of_an_export_can_be_named() {
    let sandbox = Sandbox::new();
    fill(&sandbox);
    let source = "https://example.com/vault?a=b#c";
    let exported = sandbox.ok(&["export", "cloudevents", "--source", source]).stdout;
    assert!(lines(&exported).iter().all(|event| event["source"] == source), "{exported}");
    let copy = sandbox.url("copy");
    let imported = sandbox.feed(&["--vault", &copy, "import", "cloudevents", "-"], &exported);
    imported.assert(0, "3 new");
    assert_eq!(
        sandbox.ok(&["--vault", &copy, "export", "jsonl"]).stdout,
        sandbox.ok(&["export", "jsonl"]).stdout
    );
    sandbox.run(&["export", "cloudevents", "--source", ""]).assert(2, "expected a URI");
    sandbox.run(&["export", "cloudevents", "--source", "a b"]).assert(2, "expected a URI");
    sandbox.run(&["export", "jsonl", "--source", "/x"]).assert(2, "JSON lines do not tell it");
}

#[test]
fn events_of_another_system_get_ids_of_their_own_each_time_the_same() {
    let sandbox = Sandbox::new();
    let text = [
        foreign("A-1", r#","data":{"n":1},"time":"2018-04-05T17:31:00Z","subject":"123""#),
        foreign("A-2", r#","tokaparents":"A-1","data":"<a/>","datacontenttype":"text/xml""#),
        foreign("A-3", r#","tokaparents":"A-2 A-1""#),
    ]
    .join("\n");
    let imported = sandbox.feed(&["import", "cloudevents", "-"], &text);
    imported.assert(0, "read 3 events: 3 new");
    imported.assert(0, "note: the field `subject` on line 1 means nothing here");
    let exported = sandbox.ok(&["export", "jsonl"]).stdout;
    let log = lines(&exported);
    let id = |name: &str| foreign_id("/shop", name).to_string();
    assert_eq!((&log[0]["id"], &log[2]["id"]), (&json!(id("A-1")), &json!(id("A-3"))));
    assert_eq!(log[0]["timestamp"], "2018-04-05T17:31:00Z");
    assert_eq!((&log[1]["payload"], &log[2]["payload"]), (&json!("<a/>"), &Value::Null));
    assert_eq!(log[2]["parents"], json!([id("A-2"), id("A-1")]));
    sandbox.feed(&["import", "cloudevents", "-"], &text).assert(0, "read 3 events: 0 new, 3 already there");
    assert_eq!(sandbox.ok(&["export", "jsonl"]).stdout, exported);
}

#[test]
fn the_same_id_of_another_source_is_another_event() {
    let sandbox = Sandbox::new();
    let other = foreign("A-1", "").replace("/shop", "/bank");
    let text = [foreign("A-1", ""), other].join("\n");
    sandbox.feed(&["import", "cloudevents", "-"], text).assert(0, "2 new");
}

#[test]
fn another_attribute_can_name_the_parents() {
    let sandbox = Sandbox::new();
    let text = [foreign("A-1", ""), foreign("A-2", r#","causationid":"A-1""#)].join("\n");
    sandbox.feed(&["import", "cloudevents", "-", "--parents", "causationid"], text).assert(0, "2 new");
    let log = sandbox.json(&["log", "-n", "1"]);
    assert_eq!(log[0]["parents"], json!([foreign_id("/shop", "A-1").to_string()]));
}

#[test]
fn a_bad_line_is_named_and_a_repeated_import_goes_on_behind_those_before_it() {
    let sandbox = Sandbox::new();
    let good = foreign("A-2", r#","tokaparents":"A-1""#);
    let cases = [
        (good.replace("\"specversion\":\"1.0\",", ""), "the field `specversion` is missing"),
        (good.replace("\"id\":\"A-2\",", ""), "the field `id` is missing"),
        (good.replace("\"source\":\"/shop\",", ""), "the field `source` is missing"),
        (good.replace("\"type\":\"order.placed\",", ""), "the field `type` is missing"),
        (good.replace("order.placed", "order placed"), "the field `type` is malformed"),
        (good.replace("1.0", "0.2"), "its `specversion` is `0.2`"),
        (
            good.replace("\"A-1\"", "\"A-3\""),
            "its parent `A-3` is neither on an earlier line nor in the vault",
        ),
        (good.replace("\"tokaparents\"", "\"time\""), "the field `time` is malformed"),
        (good.replace("A-2", "A-1"), "names itself"),
        (
            good.replace("A-2", "A-1").replace(",\"tokaparents\":\"A-1\"", ",\"data\":9"),
            "an event `A-1` is in this vault",
        ),
        ("{}".to_owned(), "the field `specversion` is missing"),
        ("[]".to_owned(), "it is not a JSON object"),
    ];
    for (number, (bad, expected)) in cases.into_iter().enumerate() {
        let vault = sandbox.url(&format!("copy{number}"));
        let import = |second: &str| {
            let text =
                format!("{}\n{second}\n{}\n", foreign("A-1", ""), foreign("A-3", r#","tokaparents":"A-1""#));
            sandbox.feed(&["--vault", &vault, "import", "cloudevents", "-"], text)
        };
        let stopped = import(&bad);
        stopped.assert(1, "error: line 2 cannot be imported\ncaused by: ");
        stopped.assert(1, expected);
        stopped.assert(1, "the lines before line 2 are imported and stay; once the cause is mended, repeat");
        import(&good).assert(0, "read 3 events: 2 new, 1 already there");
    }
}

#[test]
fn what_was_changed_is_refused_and_nothing_of_its_batch_is_stored() {
    let sandbox = Sandbox::new();
    fill(&sandbox);
    let exported = sandbox.ok(&["export", "cloudevents"]).stdout;
    let copy = sandbox.url("copy");
    let import = |text: &str| sandbox.feed(&["--vault", &copy, "import", "cloudevents", "-"], text);
    import(&exported.replace("42.5", "43.5"))
        .assert(1, "line 1 cannot be imported\ncaused by: its digest is told as");
    import(&exported.replace("order.sent", "order.lost"))
        .assert(1, "line 3 cannot be imported\ncaused by: its hash is told as");
    let id = exported.find("\"id\":\"").unwrap() + 6;
    let renamed = exported.replace(&exported[id..id + 26], "another-id");
    import(&renamed).assert(1, "line 1 cannot be imported\ncaused by: it tells a hash, which covers an event id, and `another-id` is none");
    assert!(sandbox.json(&["--vault", &copy, "log"]).is_empty());
    import(&exported).assert(0, "3 new");
}
