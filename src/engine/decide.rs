//! Decides on each manifest: from the catalog, the target and the manifest's version.
//! Invariant: a decision does not depend on other manifests.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use super::manifest::Manifest;
use crate::catalog::{Catalog, Kind, Route};
use crate::code::Code;
use crate::json::Pointer;
use crate::refusal::Refusal;
use crate::report::Stop;
use crate::transform::NoWayDown;
use crate::version::Version;

#[derive(Debug, Clone)]
pub(crate) struct Plan<'c> {
    catalog: &'c Catalog,
    kinds: Vec<KindPlan>,
    include_running: bool,
}

/// The way of the manifests of one kind to their target.
#[derive(Debug, Clone)]
pub(crate) struct KindPlan {
    target: Version,
    routes: BTreeMap<Version, Route>,
    /// The routes from higher versions; `None` if the plan does not migrate down.
    downward: Option<BTreeMap<Version, Result<Route, NoWayDown>>>,
}

/// The reason why there is no plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    #[error(
        "target version `{target}` does not exist, expected one of `{}`",
        list(known)
    )]
    TargetUnknown {
        target: Version,
        known: Vec<Version>,
    },
}

impl PlanError {
    /// The stable code.
    pub fn code(&self) -> Code {
        match self {
            Self::TargetUnknown { .. } => Code::TargetUnknown,
        }
    }
}

impl From<PlanError> for Stop {
    fn from(error: PlanError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}

fn list(versions: &[Version]) -> String {
    let texts: Vec<_> = versions.iter().map(ToString::to_string).collect();
    texts.join(", ")
}

#[derive(Debug, Clone)]
pub(crate) enum Decision<'p> {
    Current,
    Ahead,
    /// It would be pending, but a writer still works on it.
    Deferred {
        /// The member that says so.
        at: Pointer,
        /// The value of this member: a string without quotes, anything else as it is spelled.
        value: String,
        route: &'p Route,
    },
    Pending(&'p Route),
}

impl<'c> Plan<'c> {
    /// Plans to migrate every manifest to `target`, by default to the latest version of its kind. Manifests of a kind that does not know the target are refused one by one.
    ///
    /// With `include_running`, manifests on which a writer still works are migrated, too.
    pub(crate) fn new(
        catalog: &'c Catalog,
        target: Option<Version>,
        include_running: bool,
    ) -> Result<Self, PlanError> {
        if let Some(target) = target {
            check_target(catalog, &target)?;
            return Ok(Self::to(catalog, include_running, |_| target.clone()));
        }
        Ok(Self::to(catalog, include_running, |kind| {
            kind.registry.latest().clone()
        }))
    }

    fn to(catalog: &'c Catalog, include_running: bool, target: impl Fn(&Kind) -> Version) -> Self {
        let kinds = catalog.kinds().iter();
        let kinds = kinds.map(|kind| KindPlan::new(kind, target(kind), kind.registry.versions()));
        Self {
            catalog,
            kinds: kinds.collect(),
            include_running,
        }
    }

    /// The same plan, but manifests above the target are migrated down by the inverses of steps.
    pub(crate) fn allowing_downgrade(mut self) -> Self {
        for (plan, kind) in self.kinds.iter_mut().zip(self.catalog.kinds()) {
            plan.downward = Some(plan.routes_down(kind));
        }
        self
    }

    pub(crate) fn catalog(&self) -> &'c Catalog {
        self.catalog
    }

    /// The target of every kind; `None` if they have different ones.
    pub(crate) fn target(&self) -> Option<&Version> {
        let first = &self.kinds.first()?.target;
        let mut kinds = self.kinds.iter();
        kinds.all(|kind| kind.target == *first).then_some(first)
    }

    pub(crate) fn target_of(&self, kind_index: usize) -> &Version {
        &self.kinds[kind_index].target
    }

    pub(crate) fn decide(&self, manifest: &Manifest<'_, '_>) -> Result<Decision<'_>, Refusal> {
        match self.kinds[manifest.kind().index()].decide(manifest)? {
            Decision::Deferred { route, .. } if self.include_running => {
                Ok(Decision::Pending(route))
            }
            decision => Ok(decision),
        }
    }
}

fn check_target(catalog: &Catalog, target: &Version) -> Result<(), PlanError> {
    let kinds = catalog.kinds().iter();
    let known: BTreeSet<&Version> = kinds.flat_map(|kind| kind.registry.versions()).collect();
    if known.contains(target) {
        return Ok(());
    }
    Err(PlanError::TargetUnknown {
        target: target.clone(),
        known: known.into_iter().cloned().collect(),
    })
}

impl KindPlan {
    /// Plans for manifests of these versions; others have no route.
    pub(crate) fn new<'v>(
        kind: &Kind,
        target: Version,
        versions: impl IntoIterator<Item = &'v Version>,
    ) -> Self {
        let routes = versions.into_iter().filter_map(|from| {
            let route = kind.registry.route(from, &target)?;
            Some((from.clone(), route))
        });
        Self {
            routes: routes.collect(),
            downward: None,
            target,
        }
    }

    /// Fails if the catalog does not know the version, unless it is above the latest with the same major number, or if no route leads to the target.
    pub(crate) fn decide(&self, manifest: &Manifest<'_, '_>) -> Result<Decision<'_>, Refusal> {
        let (kind, version) = (manifest.kind(), manifest.version());
        let latest = kind.registry.latest();
        let is_newer = version > latest && version.major() == latest.major();
        if !is_newer && !kind.registry.knows(version) {
            return Err(Refusal::VersionUnknown {
                at: kind.version.clone(),
                found: version.clone(),
                latest: latest.clone(),
            });
        }
        let route = match (version.cmp(&self.target), &self.downward) {
            _ if !kind.registry.knows(&self.target) => None,
            (Ordering::Equal, _) => return Ok(Decision::Current),
            (Ordering::Greater, None) => return Ok(Decision::Ahead),
            (Ordering::Greater, Some(downward)) => {
                let route = downward.get(version).map(Result::as_ref).transpose();
                route.map_err(|no_way| Refusal::NoWayDown(no_way.clone()))?
            }
            (Ordering::Less, _) => self.routes.get(version),
        };
        let Some(route) = route else {
            return Err(Refusal::NoRoute {
                from: version.clone(),
                to: self.target.clone(),
            });
        };
        let mut deferring = kind.deferred_when.iter();
        let deferred = deferring.find_map(|when| {
            let value = when.applies(manifest.document())?;
            Some(Decision::Deferred {
                at: when.at.clone(),
                value: value
                    .as_str()
                    .map_or_else(|| value.raw().to_owned(), Into::into),
                route,
            })
        });
        Ok(deferred.unwrap_or(Decision::Pending(route)))
    }

    fn routes_down(&self, kind: &Kind) -> BTreeMap<Version, Result<Route, NoWayDown>> {
        let above = kind.registry.versions().filter(|from| **from > self.target);
        let routes = above.filter_map(|from| {
            let route = kind.registry.route_down(from, &self.target).transpose()?;
            Some((from.clone(), route))
        });
        routes.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Source;
    use crate::engine::examine_as;

    fn decision(plan: &Plan<'_>, document: &str) -> String {
        let kind = &plan.catalog().kinds()[0];
        let manifest = examine_as(kind, document.as_bytes()).unwrap();
        match plan.decide(&manifest) {
            Ok(Decision::Current) => "current".to_owned(),
            Ok(Decision::Ahead) => "ahead".to_owned(),
            Ok(Decision::Deferred { at, value, .. }) => format!("deferred {at} {value}"),
            Ok(Decision::Pending(route)) => format!("pending via {}", route.via().len()),
            Err(refusal) => refusal.to_string(),
        }
    }

    fn at(version: &str) -> String {
        format!(r#"{{"run_id":"r","schema_version":"{version}","status":"runn\u0069ng"}}"#)
    }

    #[test]
    fn each_version_has_its_decision() {
        let catalog = Catalog::built_in().unwrap();
        let plan = Plan::new(&catalog, None, true).unwrap();
        assert_eq!(plan.target(), Some(&Version::new(1, 2, 0)));
        for (version, expected) in [
            ("1.0.0", "pending via 0"),
            ("1.1.0", "pending via 0"),
            ("1.2.0", "current"),
            ("1.2.1", "ahead"),
            ("1.3.0", "ahead"),
            (
                "2.0.0",
                "`/schema_version` is `2.0.0`, which the catalog does not know: its latest version is `1.2.0`",
            ),
            (
                "1.1.5",
                "`/schema_version` is `1.1.5`, which the catalog does not know: its latest version is `1.2.0`",
            ),
            (
                "0.9.0",
                "`/schema_version` is `0.9.0`, which the catalog does not know: its latest version is `1.2.0`",
            ),
        ] {
            assert_eq!(decision(&plan, &at(version)), expected);
        }
        assert_eq!(decision(&plan, r#"{"run_id":"r"}"#), "pending via 0");
    }

    #[test]
    fn what_is_above_an_earlier_target_is_ahead() {
        let catalog = Catalog::built_in().unwrap();
        let plan = Plan::new(&catalog, Some(Version::new(1, 1, 0)), false).unwrap();
        assert_eq!(decision(&plan, &at("1.1.0")), "current");
        assert_eq!(decision(&plan, &at("1.2.0")), "ahead");
        assert_eq!(decision(&plan, &at("1.9.0")), "ahead");
    }

    #[test]
    fn what_is_above_the_target_is_taken_down_where_that_is_allowed_and_every_step_has_an_inverse()
    {
        let catalog = Catalog::built_in().unwrap();
        let plan = |minor| {
            let target = Some(Version::new(1, minor, 0));
            Plan::new(&catalog, target, true)
                .unwrap()
                .allowing_downgrade()
        };
        assert_eq!(decision(&plan(1), &at("1.2.0")), "pending via 0");
        assert_eq!(decision(&plan(1), &at("1.0.0")), "pending via 0");
        assert_eq!(decision(&plan(1), &at("1.1.0")), "current");
        assert_eq!(
            decision(&plan(1), &at("1.9.0")),
            "no migrations lead from `1.9.0` to `1.1.0`"
        );
        for version in ["1.1.0", "1.2.0"] {
            assert_eq!(
                decision(&plan(0), &at(version)),
                format!(
                    "no way leads down: `set_default /inputs_hash` of migration `1.0.0 to {version}` has no inverse: the member is protected: once it is there, it stays"
                )
            );
        }
    }

    #[test]
    fn a_downgrade_is_deferred_as_any_other_migration() {
        let catalog = Catalog::built_in().unwrap();
        let target = Some(Version::new(1, 1, 0));
        let plan = Plan::new(&catalog, target, false)
            .unwrap()
            .allowing_downgrade();
        assert_eq!(decision(&plan, &at("1.2.0")), "deferred /status running");
    }

    #[test]
    fn only_what_would_be_pending_is_deferred() {
        let catalog = Catalog::built_in().unwrap();
        let plan = Plan::new(&catalog, None, false).unwrap();
        assert_eq!(decision(&plan, &at("1.0.0")), "deferred /status running");
        assert_eq!(decision(&plan, &at("1.2.0")), "current");
        assert_eq!(decision(&plan, &at("1.3.0")), "ahead");
    }

    #[test]
    fn a_target_that_does_not_exist_is_refused_with_those_that_do() {
        let catalog = Catalog::built_in().unwrap();
        let error = Plan::new(&catalog, Some(Version::new(9, 9, 9)), false).unwrap_err();
        assert_eq!(
            error.to_string(),
            "target version `9.9.9` does not exist, expected one of `1.0.0, 1.1.0, 1.2.0`"
        );
        assert_eq!(error.code(), Code::TargetUnknown);
    }

    #[test]
    fn without_a_route_a_known_version_is_refused() {
        let migration = |from: &str, to: &str| {
            format!(r#"{{"from":"{from}","to":"{to}","kind":"k","summary":"s","steps":[]}}"#)
        };
        let files = BTreeMap::from([
            ("catalog.json".to_owned(), r#"{"name":"n","kinds":{"k":{"file":"f","version":"/schema_version","history":"/h","unversioned":"1.0.0"}}}"#.to_owned()),
            ("migrations/a.json".to_owned(), migration("1.0.0", "1.2.0")),
            ("migrations/b.json".to_owned(), migration("1.1.0", "1.2.0")),
        ]);
        let catalog = Catalog::from_files(Source::Directory("d".into()), &files).unwrap();
        let plan = Plan::new(&catalog, Some(Version::new(1, 1, 0)), false).unwrap();
        assert_eq!(
            decision(&plan, "{}"),
            "no migrations lead from `1.0.0` to `1.1.0`"
        );
    }

    #[test]
    fn two_hundred_versions_are_read_and_routed() {
        let catalog = r#"{"name": "n", "kinds": {"k": {"file": "f.json", "version": "/v", "history": "/h", "unversioned": "1.0.0"}}}"#;
        let mut files = BTreeMap::from([("catalog.json".to_owned(), catalog.to_owned())]);
        for minor in 0..200 {
            let (from, to) = (format!("1.{minor}.0"), format!("1.{}.0", minor + 1));
            let step = format!(r#"{{"step": "set_default", "at": "/m{minor}", "value": null}}"#);
            let text = format!(
                r#"{{"from": "{from}", "to": "{to}", "kind": "k", "summary": "s", "steps": [{step}]}}"#
            );
            files.insert(format!("migrations/{minor}.json"), text);
        }
        let catalog = Catalog::check_files(Source::BuiltIn, &files).unwrap();
        crate::engine::Plan::new(&catalog, None, false).unwrap();
        assert_eq!(catalog.kinds()[0].registry.versions().len(), 201);
    }
}
