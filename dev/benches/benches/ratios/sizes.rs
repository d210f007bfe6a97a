//! The size of each binary, stripped, and zipped as it is uploaded; and the memory that it keeps.

use std::io::{Cursor, Write};
use std::path::Path;

use sam_template::Function;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::fixture::{Fixture, binaries, succeeds};
use crate::record::Record;

pub(crate) fn measure(functions: &[Function], record: &mut Record) {
    for name in functions.iter().map(|function| function.package.as_str()) {
        let binary = std::fs::read(binaries().join(name)).unwrap();
        let stripped = u64::try_from(binary.len()).unwrap();
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        zip.start_file("bootstrap", SimpleFileOptions::default()).unwrap();
        zip.write_all(&binary).unwrap();
        let zipped = u64::try_from(zip.finish().unwrap().into_inner().len()).unwrap();
        let zipped_aim = match name {
            "token" => 2.75,
            // The filter does not compress.
            "me" | "register" => 3.6,
            _ => 2.5,
        };
        let (what, included, aim) = match name {
            "docs" => ("docs less its page", page(), 3.0),
            "me" => ("me less its filter", filter(), 5.0),
            "register" => ("register less its filter", filter(), 5.0),
            name => (name, 0, 5.0),
        };
        record.row(
            &format!("bytes of {what}, stripped"),
            stripped - included,
            Some(aim),
        );
        record.row(&format!("bytes of {name}, zipped"), zipped, Some(zipped_aim));
    }
}

/// The size of the filter of common passwords, which does not compress.
fn filter() -> u64 {
    let path = "../../shared/src/passwords/common/filter.bin";
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join(path)
        .metadata()
        .unwrap()
        .len()
}

/// The size of what `docs` includes as it is.
fn page() -> u64 {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../functions/docs");
    let files = ["page", "swagger-ui"].map(|part| std::fs::read_dir(folder.join(part)).unwrap());
    let files = files.into_iter().flatten().map(|file| file.unwrap().path());
    files
        .chain([folder.join("openapi.json")])
        // All but licences and notes.
        .filter(|file| file.extension().is_some_and(|kind| kind != "md" && kind != "txt"))
        .map(|file| file.metadata().unwrap().len())
        .sum()
}

/// Prints the resident memory after 1,000 requests.
pub(crate) async fn memory(fixture: &Fixture) {
    for name in ["me", "register", "token"] {
        let mut environment = fixture.environment(&binaries().join(name)).await;
        for turn in 0..1_000 {
            succeeds(&mut environment, &fixture.event(name, turn + 1_000)).await;
        }
        let status = std::fs::read_to_string(format!("/proc/{}/status", environment.process_id())).unwrap();
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        println!(
            "memory of {name} after 1,000 requests: {}",
            resident.unwrap().trim()
        );
        environment.stop().await;
    }
}
