//! Catalogs with schemas, and a document each: any texts. Nothing panics or hangs, and what is migrated is valid.
#![no_main]

use std::collections::BTreeMap;

use libfuzzer_sys::fuzz_target;
use migrate_manifests::catalog::{Catalog, Source};
use migrate_manifests::clock::Timestamp;
use migrate_manifests::json::Text;
use migrate_manifests::read;

const NAMES: [&str; 4] = [
    "catalog.json",
    "migrations/1.0.0-to-1.1.0.json",
    "schemas/run-1.0.0.json",
    "schemas/run-1.1.0.json",
];

// The texts stand one after the other, with a NUL between them; the document is the last.
fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let mut texts = text.split('\0');
    let mut files = BTreeMap::new();
    for name in NAMES {
        if let Some(text) = texts.next().filter(|text| !text.is_empty()) {
            files.insert(name.to_owned(), text.to_owned());
        }
    }
    let source = Source::Directory("fuzzed".to_owned());
    let Ok(catalog) = Catalog::from_files(source, &files) else {
        return;
    };
    let document = texts.next().unwrap_or("{}");
    for kind in catalog.kinds() {
        if let Ok(reading) = read::at(kind, None, document.as_bytes(), Timestamp::EPOCH) {
            assert!(Text::scan(reading.text().as_bytes()).is_ok());
        }
    }
});
