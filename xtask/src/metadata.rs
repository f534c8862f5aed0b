//! [`Package`]: what `cargo metadata` says about the crates of this workspace.

use anyhow::{Context, Result};
use serde_json::Value;

use crate::process;
use crate::repository::Repository;

/// A crate of the workspace.
#[derive(Clone, Debug)]
pub(crate) struct Package {
    /// Its name.
    pub(crate) name: String,
    /// Its version.
    pub(crate) version: String,
    /// What its manifest asks for, with and without features.
    pub(crate) dependencies: Vec<Dependency>,
    /// The names of its libraries and programs that `cargo doc` describes.
    pub(crate) documented: Vec<String>,
}

/// An entry in a crate's manifest.
#[derive(Clone, Debug)]
pub(crate) struct Dependency {
    /// The package that is asked for, whatever it is called locally.
    pub(crate) name: String,
    /// Whether only tests, examples and benchmarks use it.
    pub(crate) dev: bool,
    /// Whether it takes a feature to get it.
    pub(crate) optional: bool,
}

/// Asks cargo for the crates of the workspace; nothing is resolved, so no network is needed.
///
/// # Errors
///
/// Fails when a manifest is broken, in the words of cargo.
pub(crate) fn read(repository: &Repository) -> Result<Vec<Package>> {
    let mut command = repository.cargo(&["metadata", "--no-deps", "--format-version", "1"]);
    parse(&process::read(&mut command)?)
}

/// Reads what `cargo metadata --no-deps` printed.
///
/// # Errors
///
/// Names the field that is not as expected.
pub(crate) fn parse(text: &str) -> Result<Vec<Package>> {
    let metadata: Value = serde_json::from_str(text).context("cargo metadata did not print JSON")?;
    list(&metadata, "packages")?.iter().map(package).collect()
}

/// Reads one crate.
fn package(value: &Value) -> Result<Package> {
    Ok(Package {
        name: string(value, "name")?,
        version: string(value, "version")?,
        dependencies: list(value, "dependencies")?.iter().map(dependency).collect::<Result<_>>()?,
        documented: documented(list(value, "targets")?)?,
    })
}

/// Reads which targets have documentation; tests, examples and the like say themselves that they have none.
fn documented(targets: &[Value]) -> Result<Vec<String>> {
    let documented = targets.iter().filter(|target| target.get("doc").and_then(Value::as_bool) == Some(true));
    documented.map(|target| string(target, "name")).collect()
}

/// Reads one entry; `kind` is null for an ordinary one.
fn dependency(value: &Value) -> Result<Dependency> {
    Ok(Dependency {
        name: string(value, "name")?,
        dev: value.get("kind").and_then(Value::as_str) == Some("dev"),
        optional: value.get("optional").and_then(Value::as_bool).unwrap_or(false),
    })
}

/// Reads a field that is a string.
fn string(value: &Value, field: &str) -> Result<String> {
    let text = value.get(field).and_then(Value::as_str);
    Ok(text.with_context(|| format!("cargo metadata has no string `{field}` where one belongs"))?.to_owned())
}

/// Reads a field that is a list.
fn list<'a>(value: &'a Value, field: &str) -> Result<&'a Vec<Value>> {
    let items = value.get(field).and_then(Value::as_array);
    items.with_context(|| format!("cargo metadata has no list `{field}` where one belongs"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crates_and_their_dependencies_are_read() {
        let text = r#"{"packages": [{"name": "a", "version": "0.1.0", "dependencies": [
            {"name": "b", "kind": null, "optional": true},
            {"name": "c", "kind": "dev", "optional": false},
            {"name": "d", "kind": "build"}
        ], "targets": [{"name": "a", "doc": true}, {"name": "t", "doc": false}]}]}"#;
        let packages = parse(text).unwrap();
        assert_eq!((packages[0].name.as_str(), packages[0].version.as_str()), ("a", "0.1.0"));
        let read: Vec<_> =
            packages[0].dependencies.iter().map(|d| (d.name.as_str(), d.dev, d.optional)).collect();
        assert_eq!(packages[0].documented, ["a"]);
        assert_eq!(read, [("b", false, true), ("c", true, false), ("d", false, false)]);
    }

    #[test]
    fn another_shape_is_an_error_that_names_the_field() {
        assert!(parse("not json").is_err());
        assert!(parse("{}").unwrap_err().to_string().contains("`packages`"));
        assert!(parse(r#"{"packages": [{}]}"#).unwrap_err().to_string().contains("`name`"));
    }
}
