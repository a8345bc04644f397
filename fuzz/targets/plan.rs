//! Plans: any bytes. Nothing panics, and a plan that is taken has the checksum of its own bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use migrate_manifests::digest::Digest;
use migrate_manifests::plan::PlanFile;

/// Adds the line that a plan ends with.
fn sealed(bytes: &[u8]) -> Vec<u8> {
    let mut plan = bytes.to_vec();
    if !plan.ends_with(b"\n") {
        plan.push(b'\n');
    }
    let digest = Digest::of(&plan).prefixed();
    let lines = plan.iter().filter(|byte| **byte == b'\n').count();
    let manifests = lines.saturating_sub(1);
    plan.extend_from_slice(
        format!("{{\"manifests\":{manifests},\"digest\":\"{digest}\"}}\n").as_bytes(),
    );
    plan
}

fuzz_target!(|bytes: &[u8]| {
    for plan in [bytes.to_vec(), sealed(bytes)] {
        if let Ok(plan) = PlanFile::read(&*plan) {
            for path in plan.paths() {
                assert!(plan.of(path).is_some());
            }
        }
    }
});
