//! The simulated disk answers as the kernel does: random calls on both, compared call by call.

use std::io;

use super::super::disk::Simulated;
use super::super::medium::Random;
use super::probes::{errno, plain};
use crate::storage::disk::{Crossing, Disk, Stat};
use crate::storage::{EntryKind, Kernel};

const NAMES: [&str; 9] = ["a", "b", "c", "link", "self", "none", "dir", "pipe", "away"];
const PATHS: [&[u8]; 10] = [
    b"a",
    b"dir/b",
    b"link",
    b"todir/a",
    b"self",
    b"away",
    b"dir/../a",
    b"../a",
    b"a/b",
    b"none/x",
];

fn seen(stat: io::Result<Stat>) -> Result<(String, u64, u64, u32), i32> {
    match stat {
        Ok(stat) => {
            let is_file = stat.kind == EntryKind::File;
            let (size, links) = if is_file {
                (stat.size, stat.links)
            } else {
                (0, 0)
            };
            let mode = if is_file { stat.mode } else { 0 };
            Ok((format!("{:?}", stat.kind), size, links, mode))
        }
        error => Err(errno(error)),
    }
}

/// Makes the call that the numbers choose, and says what came of it.
fn call<D: Disk>(disk: &D, root: &D::Dir, numbers: [usize; 4]) -> String {
    let [which, one, two, places] = numbers;
    let sub = disk.open_dir(root, b"dir", Crossing::Stay);
    let dir = |n: usize| match (&sub, n % 3) {
        (Ok(sub), 0) => sub,
        _ => root,
    };
    let (from, to) = (NAMES[one % NAMES.len()], NAMES[two % NAMES.len()]);
    let (from, to) = (plain(from), plain(to));
    let (a, b) = (dir(places), dir(places / 3));
    let path = PATHS[one % PATHS.len()];
    let size = u64::try_from(two % 9).unwrap();
    let said = |result: io::Result<()>| format!("{}", errno(result));
    match which % 16 {
        0 => said(
            disk.create(a, from)
                .and_then(|file| disk.write(&file, &b"content"[..two % 8])),
        ),
        1 => said(disk.exchange((a, from), (b, to))),
        2 => said(disk.rename_new((a, from), (b, to))),
        3 => said(disk.rename_over((a, from), (b, to))),
        4 => said(disk.link((a, from), (b, to))),
        5 => said(disk.unlink(a, from)),
        6 => said(disk.make_dir(a, from)),
        7 => said(disk.remove_dir(a, from)),
        8 => said(
            disk.open_append(a, from)
                .and_then(|file| disk.write(&file, b"more")),
        ),
        9 => said(
            disk.open_append(a, from)
                .and_then(|file| disk.truncate(&file, size)),
        ),
        10 => format!("{:?}", seen(disk.stat_at(a, from))),
        11 => format!("{:?}", seen(disk.stat_below(root, path, places % 2 == 0))),
        12 => format!(
            "{:?}",
            disk.read_link(a, from)
                .map_err(|error| error.raw_os_error())
        ),
        13 => said(disk.open_dir(root, path, Crossing::Stay).map(drop)),
        14 => {
            let mut bytes = Vec::new();
            let file = disk.open(root, path, Crossing::Stay);
            let read = file.and_then(|file| disk.read(&file, &mut bytes, 0, 99));
            format!("{} {bytes:?}", errno(read))
        }
        _ => {
            let mut listed = Vec::new();
            let each = &mut |name: &[u8], kind| listed.push((name.to_vec(), format!("{kind:?}")));
            let fresh = disk.open_dir(a, b"", Crossing::Stay).unwrap();
            disk.list(&fresh, each).unwrap();
            // Whoever lists with the same handle once more finds nothing.
            disk.list(&fresh, &mut |_, _| panic!("listed twice"))
                .unwrap();
            listed.sort();
            format!("{listed:?}")
        }
    }
}

#[test]
fn random_calls_have_the_same_answers() {
    for seed in 0..60 {
        let place = tempfile::tempdir().unwrap();
        let (kernel, root) = Kernel::open(place.path()).unwrap();
        let disk = Simulated::ordered();
        disk.act_as(kernel.caller());
        let ours = disk.root();
        for (name, target) in [
            ("link", "a"),
            ("self", "self"),
            ("away", "../x"),
            ("todir", "dir"),
        ] {
            std::os::unix::fs::symlink(target, place.path().join(name)).unwrap();
            disk.add_link(name, target);
        }
        let mut random = Random::new(seed);
        for step in 0..300 {
            let numbers = [(); 4].map(|()| random.below(1 << 16));
            let expected = call(&kernel, &root, numbers);
            let found = call(&disk, &ours, numbers);
            assert_eq!(found, expected, "seed {seed}, step {step}: {numbers:?}");
        }
    }
}
