//! The walk of a verification, with the journals and catalogs that speak for manifests.
//!
//! Writes nothing and takes no lock.
//!
//! Invariant: findings are reported in path order, whatever the number of threads.

use super::metadata::Differences;
use super::prove::{Proved, Prover, Verify};
use crate::code::Code;
use crate::digest::Hasher;
use crate::engine::Plan;
use crate::operation::accept::Acceptance;
use crate::operation::find::Finder;
use crate::operation::frame::Frame;
use crate::operation::ledger::{Catalogs, Journals};
use crate::operation::migrate::{FirstPassFacts, tree_failures};
use crate::operation::scope::Scope;
use crate::operation::survey::Survey;
use crate::operation::tally::Tally;
use crate::operation::walk::{Found, Visit};
use crate::path::TreePath;
use crate::report::{Diagnosis, Outcome, Sink, Start, Status, Stop, Summary, Verified};

const GROUP: usize = 64;
const RETRIES: usize = 3;

/// Proves the selected manifests of a tree, reporting the findings to `sink`.
///
/// Once the watch gives a signal, the rest is not visited.
pub fn verify(frame: &Frame<'_>, options: Verify, sink: &mut dyn Sink) -> Summary {
    let mut tally = Tally::new(sink, &Survey::default());
    tally.start(&Start {
        dry_run: true,
        ..frame.head(frame.catalog.latest())
    });
    let ended = run(frame, options, false, &mut tally);
    frame.conclude(tally, ended)
}

/// Proves as [`verify`] does. With `accepts`, findings are collected that can be accepted.
pub(super) fn run(
    frame: &Frame<'_>,
    options: Verify,
    accepts: bool,
    tally: &mut Tally<'_>,
) -> Result<(), Stop> {
    let plan = Plan::new(frame.catalog, None, false)?;
    let selection = &frame.request.selection;
    let scope = Scope::of(frame.catalog, selection)?;
    let journals = Journals::read(frame.storage);
    tally.begin_findings(Acceptance::new(&journals.ledger, accepts), accepts);
    for warning in &journals.warnings {
        tally.warn(warning);
    }
    for finding in &journals.findings {
        tally.finding(finding.clone());
    }
    for flaw in frame.storage.state_flaws() {
        if flaw.is_note() {
            tally.warn(&flaw);
        } else {
            tally.finding(flaw);
        }
    }
    let catalogs = if options.replay {
        let (catalogs, damaged) = Catalogs::load(frame.storage, frame.catalog, &journals.ledger);
        for finding in damaged {
            tally.finding(finding);
        }
        catalogs
    } else {
        Catalogs::none(frame.catalog)
    };
    // Rules over the tree need the whole tree.
    let pass_facts = if selection.is_partial() {
        FirstPassFacts::default()
    } else {
        tree_failures(frame, &scope)?
    };
    let mut walk = Walk {
        frame,
        scope: &scope,
        plan: &plan,
        options,
        catalogs: &catalogs,
        pass_facts,
        is_found: vec![false; journals.ledger.manifests()],
        differences: Differences::new(&journals.ledger, selection.manifests.is_some()),
        journals,
        has_history: false,
    };
    walk.all(tally)?;
    for finding in walk.differences.finish() {
        tally.finding(finding);
    }
    let is_whole = selection.manifests.is_none() && selection.limit.is_none();
    if is_whole && frame.watch.signal().is_none() {
        walk.report_missing(tally);
    }
    if walk.journals.are_none && !walk.has_history && tally.summary.counts.selected > 0 {
        let message = "nothing was ever migrated here: there is no journal and no history";
        tally.warn(&Diagnosis::new(Code::NeverMigrated, message));
    }
    Ok(())
}

struct Walk<'w> {
    frame: &'w Frame<'w>,
    scope: &'w Scope<'w>,
    plan: &'w Plan<'w>,
    options: Verify,
    catalogs: &'w Catalogs<'w>,
    /// The rules over the tree that do not hold.
    pass_facts: FirstPassFacts,
    journals: Journals,
    /// For each manifest of the ledger, by its number.
    is_found: Vec<bool>,
    has_history: bool,
    differences: Differences,
}

impl<'w> Walk<'w> {
    fn all(&mut self, tally: &mut Tally<'_>) -> Result<(), Stop> {
        let mut left = self.frame.request.selection.limit.unwrap_or(u64::MAX);
        let mut finder = Finder::new(self.frame, self.scope)?;
        loop {
            let is_over = left == 0 || tally.output_failed();
            let prover = self.prover();
            let prove = |visit: &Visit<'_>, buffer: &mut Vec<u8>| {
                if is_over {
                    Proved::not_attempted(visit.path)
                } else {
                    prover.prove(visit, buffer)
                }
            };
            let Some(mut found) = finder.next(GROUP, &prove)? else {
                break;
            };
            tally.found_so_far(finder.counts);
            self.prove_again(&finder, &mut found);
            self.note_differences(&found, tally);
            for one in found {
                let Some(one) = self.unless_left_over(one, tally) else {
                    continue;
                };
                // A limit counts all manifests.
                if let Some(proved) = one.manifest(tally).filter(|_| left > 0) {
                    left -= 1;
                    self.report(proved, tally);
                }
            }
        }
        let (directories, named) = finder.rest();
        tally.found_so_far(finder.counts);
        tally.unvisited(directories);
        for path in named.into_iter().filter(|_| left > 0) {
            let outcome = Outcome::new(path, Status::NotAttempted);
            let findings = Vec::new();
            tally.verified(Verified { outcome, findings }, None, (None, None));
        }
        Ok(())
    }

    fn prover(&self) -> Prover<'_, 'w> {
        Prover {
            frame: self.frame,
            plan: self.plan,
            options: self.options,
            ledger: &self.journals.ledger,
            catalogs: self.catalogs,
        }
    }

    /// Proves manifests again that differ from the journals, if an operation has written since the journals were read.
    fn prove_again(&mut self, finder: &Finder<'w, Proved<'w>>, found: &mut [Found<Proved<'w>>]) {
        for _ in 0..RETRIES {
            let differs = |one: &Found<Proved<'w>>| match one {
                Found::Manifest(proved) => proved.differs_from_journals(),
                Found::Warning(_) | Found::DirectoryFailed(_) => false,
            };
            if !found.iter().any(differs) {
                return;
            }
            let Some(now) = self.journals.if_changed(self.frame.storage) else {
                return;
            };
            self.journals = now;
            let prover = self.prover();
            let prove = |visit: &Visit<'_>, buffer: &mut Vec<u8>| prover.prove(visit, buffer);
            finder.visit_again(found, &prove, |proved| {
                let path = &proved.verified.outcome.path;
                proved.differs_from_journals().then(|| path.clone())
            });
        }
    }

    /// Reports a file that an operation left beside a manifest and that no operation will deal with any more; gives everything else back.
    fn unless_left_over<T>(&self, found: Found<T>, tally: &mut Tally<'_>) -> Option<Found<T>> {
        let Found::Warning(warning) = found else {
            return Some(found);
        };
        let is_left_over = warning.code == Code::UnfinishedOperation
            && !warning
                .path
                .as_ref()
                .is_some_and(|path| self.is_at_work(path));
        if !is_left_over {
            return Some(Found::Warning(warning));
        }
        let found = self.digest_of(warning.path.as_ref());
        let message = format!(
            "an operation left it, with {found}, and no operation is unfinished that would deal with it"
        );
        tally.finding(Diagnosis {
            code: Code::LeftOver,
            message,
            ..warning
        });
        None
    }

    /// The SHA-256 of a file, in words.
    fn digest_of(&self, path: Option<&TreePath>) -> String {
        let mut hasher = Hasher::new();
        let read = path.map(|path| {
            self.frame.storage.read(path, &mut |piece| {
                hasher.update(piece);
                true
            })
        });
        match read {
            Some(Ok(())) => format!("the SHA-256 {}", hasher.finish()),
            _ => "bytes that cannot be read".to_owned(),
        }
    }

    /// Returns true if a staged file is named after an operation that is unfinished or at work.
    fn is_at_work(&self, staged: &TreePath) -> bool {
        let name = staged.name().to_string();
        let mut unfinished = self.journals.unfinished();
        unfinished.any(|id| name.contains(&format!(".{id}.")))
    }

    /// The files of a whole group are looked at before any is reported, so that a difference of one is told with its manifest.
    fn note_differences(&mut self, found: &[Found<Proved<'_>>], tally: &mut Tally<'_>) {
        for one in found {
            if let Found::Manifest(proved) = one {
                let released = proved.compared.iter().map(|one| self.differences.note(one));
                for finding in released.flatten() {
                    tally.finding(finding);
                }
            }
        }
    }

    fn report(&mut self, mut proved: Proved<'w>, tally: &mut Tally<'_>) {
        let path = &proved.verified.outcome.path;
        for compared in std::mem::take(&mut proved.compared) {
            let differences = self.differences.take(path, compared);
            proved.verified.findings.extend(differences);
        }
        let number = self.journals.ledger.number_of(path);
        if let Some(is_found) = number.and_then(|number| self.is_found.get_mut(number)) {
            *is_found = true;
        }
        let failures = self.pass_facts.failures(path).iter();
        proved
            .verified
            .findings
            .extend(failures.map(Diagnosis::from));
        self.has_history |= proved.has_history;
        let facts = (proved.route, proved.modified);
        tally.verified(proved.verified, proved.raw, facts);
    }

    /// Returns true if the run directory of a manifest is not there either, as after it was removed on purpose.
    fn is_run_gone(&self, manifest: &TreePath) -> bool {
        let run = TreePath::new(manifest.parent());
        run.is_some_and(|run| matches!(self.frame.storage.look(&run), Ok(None)))
    }

    /// Names the manifests that operations left and that are not there any more.
    fn report_missing(&self, tally: &mut Tally<'_>) {
        let expected = self.journals.ledger.expected_beside(&self.is_found);
        for (path, operation) in expected {
            if !self.scope.selects(&path) {
                continue;
            }
            let Err(trouble) = self.frame.storage.read(&path, &mut |_| false) else {
                continue;
            };
            // A directory that cannot be listed is named already.
            if trouble.code == Code::PermissionDenied {
                continue;
            }
            let finding = if self.is_run_gone(&path) {
                let message =
                    format!("operation `{operation}` left it, and its run directory is gone");
                Diagnosis::new(Code::Gone, message)
            } else {
                let message = format!(
                    "operation `{operation}` left it, and it is not there: {}",
                    trouble.message
                );
                Diagnosis::new(Code::ManifestMissing, message)
            };
            tally.finding(finding.at(path));
        }
    }
}
