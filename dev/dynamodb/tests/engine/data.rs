//! Where an engine keeps its data: in memory or in a file.

use dynamodb::{Engine, EngineError};
use sam_template::Template;
use serde_json::{Value, json};

use crate::{TABLES, get, put, template};

#[tokio::test]
async fn two_engines_in_memory_share_no_data() {
    let (one, other) = (
        Engine::in_memory(&template()).unwrap(),
        Engine::in_memory(&template()).unwrap(),
    );
    put(&one, "a").await;
    assert_eq!(get(&one, "a").await, json!({"pk": {"S": "a"}}));
    assert_eq!(get(&other, "a").await, Value::Null);
}

#[tokio::test]
async fn an_engine_in_a_file_keeps_its_data_over_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("dynamodb.sqlite");
    let engine = Engine::in_file(&file, &template(), 0).unwrap();
    put(&engine, "a").await;
    engine.stop().await;
    let engine = Engine::in_file(&file, &template(), 0).unwrap();
    assert_eq!(get(&engine, "a").await, json!({"pk": {"S": "a"}}));
}

#[test]
fn the_error_of_a_data_file_without_a_folder_names_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("missing").join("dynamodb.sqlite");
    let error = Engine::in_file(&file, &template(), 0).unwrap_err();
    assert!(error.to_string().contains(&file.display().to_string()), "{error}");
}

#[test]
fn a_file_that_is_not_a_database_is_rejected() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("dynamodb.sqlite");
    std::fs::write(
        &file,
        "this text is longer than a hundred bytes, and no database begins with it. ".repeat(9),
    )
    .unwrap();
    let error = Engine::in_file(&file, &template(), 0).unwrap_err();
    assert!(
        matches!(error, EngineError::File { ref path, .. } if *path == file),
        "{error:?}"
    );
}

#[test]
fn a_file_whose_table_differs_from_the_template_is_rejected() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("dynamodb.sqlite");
    drop(Engine::in_file(&file, &template(), 0).unwrap());
    let changed = Template::parse(&TABLES.replace("pk", "id")).unwrap();
    let error = Engine::in_file(&file, &changed, 0).unwrap_err();
    assert!(
        matches!(error, EngineError::TableDiffers { ref logical_id } if logical_id == "UsersTable"),
        "{error:?}"
    );
    let changed = Template::parse(&TABLES.replace("by_email", "by_mail")).unwrap();
    assert!(matches!(
        Engine::in_file(&file, &changed, 0),
        Err(EngineError::TableDiffers { .. })
    ));
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_can_read_the_data_files() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().unwrap();
    let engine = Engine::in_file(&folder.path().join("dynamodb.sqlite"), &template(), 0).unwrap();
    put(&engine, "a").await;
    let files: Vec<_> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    // The database and its write-ahead log at least.
    assert!(files.len() >= 2, "{files:?}");
    for file in files {
        assert_eq!(
            std::fs::metadata(&file).unwrap().permissions().mode() & 0o077,
            0,
            "{}",
            file.display()
        );
    }
}
