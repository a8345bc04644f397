//! A disk in memory that can lose power, be killed at any call, and fail.
//!
//! `disk` is the disk itself, `calls` has its system calls by the `rules` of names, and `verdicts` says which of them fail; `fixtures` and `faults` are what tests do to it from outside. `medium` decides what survives. No clock, no chance: a run is determined by its calls, and a power cut by its seed.
//!
//! Invariant: until it is synced, nothing that a call has done is sure to survive a power cut; and what is synced always does.
//!
//! Assumptions about the media:
//!
//! - A1: Data. What a file's unwritten data leave behind is decided for each file by itself: all of them; the content that was durable before; a beginning; a beginning, and then zeros or garbage up to the full length; a beginning, zeros, and then the end; or a beginning, and then the rest of what was there before. Data of one file are never ordered with those of another, nor with names.
//! - A2: Bytes at the beginning of a file that are durable and were not touched since are never damaged, as where a line is added to a journal.
//! - A3: Names on [`Medium::Ordered`]. All that one call changes survives or does not, and a power cut leaves a beginning of the sequence of such changes on each device; devices are independent of each other. `sync_file` and `sync_dir` commit all earlier changes of names on the device, but data of that one file only.
//! - A4: Names on [`Medium::Unordered`]. Any subset of the single directory entries survives: of a rename or an exchange both, either or neither. Only the rename of a directory is kept or lost as one. `sync_file` makes no name durable.
//! - A5: A name that survives brings its inode along, as it was made: empty, of mode 0600, with the content that is durable. No name points to nothing.
//! - A6: Mode, owner, times and extended attributes that a call has set are kept or lost by the rules for names; data bring the times of their own writing.
//! - A7: A failed `sync_fs` or `sync_file` loses the unwritten data in question for good: readers go on seeing them, a later sync succeeds, and what is durable then are zeros, until they are written again. Names are not lost by it. Every handle opened before reports the failure once, those opened later do not.
//! - A8: Where `syncfs` is not to be trusted ([`Traits::syncfs`]), it does nothing and succeeds.
//! - A9: Locks end with the process; a kill leaves everything that was done, durable or not.
//! - A10: The caller may do anything (permission bits are not looked at), except to an immutable file. The number of an inode that is gone is given to the next one, at once on an ordered medium, after a power cut on the other.

mod calls;
mod disk;
mod faults;
mod fixtures;
mod fuses;
mod image;
mod medium;
mod rules;
mod tests;
mod verdicts;

pub(super) use disk::{Node, Sabotage, Simulated};
pub(super) use fuses::{Call, Often, Stop};
pub(super) use medium::{Medium, Random};
