//! The graph of a catalog as text, for programs that draw graphs.
//! Invariant: the same catalog gives the same text.

use super::kind::Kind;
use super::migration::Migration;
use super::model::Catalog;
use crate::version::Version;

/// The graph in the syntax of Mermaid.
pub fn mermaid(catalog: &Catalog) -> String {
    let syntax = Syntax {
        begin: |index, kind| {
            format!(
                "  subgraph k{index}[\"{}\"]\n",
                kind.name.replace('"', "#quot;")
            )
        },
        version: |node, version| format!("    {node}[\"{version}\"]\n"),
        migration: |from, to, _| format!("    {from} --> {to}\n"),
        end: "  end\n",
    };
    format!("graph LR\n{}", syntax.kinds(catalog))
}

/// The graph in the syntax of Graphviz.
pub fn dot(catalog: &Catalog) -> String {
    let syntax = Syntax {
        begin: |index, kind| {
            let label = quoted(&kind.name);
            format!("  subgraph cluster_{index} {{\n    label={label};\n")
        },
        version: |node, version| format!("    {node} [label=\"{version}\"];\n"),
        migration: |from, to, migration| {
            let tooltip = quoted(&migration.summary);
            format!("    {from} -> {to} [tooltip={tooltip}];\n")
        },
        end: "  }\n",
    };
    let kinds = syntax.kinds(catalog);
    format!("digraph catalog {{\n  rankdir=LR;\n{kinds}}}\n")
}

struct Syntax {
    begin: fn(usize, &Kind) -> String,
    version: fn(&str, &Version) -> String,
    migration: fn(&str, &str, &Migration) -> String,
    end: &'static str,
}

impl Syntax {
    fn kinds(&self, catalog: &Catalog) -> String {
        let mut out = String::new();
        for (index, kind) in catalog.kinds().iter().enumerate() {
            // These names are valid in every syntax, also if the name of the kind is not.
            let node = |version: &Version| {
                let mut versions = kind.registry.versions();
                let place = versions.position(|other| other == version);
                format!("k{index}v{}", place.unwrap_or_default())
            };
            out.push_str(&(self.begin)(index, kind));
            for version in kind.registry.versions() {
                out.push_str(&(self.version)(&node(version), version));
            }
            for migration in kind.registry.migrations() {
                let (from, to) = (node(&migration.from), node(&migration.to));
                out.push_str(&(self.migration)(&from, &to, migration));
            }
            out.push_str(self.end);
        }
        out
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_version_and_migration_is_drawn() {
        let catalog = Catalog::built_in().unwrap();
        assert_eq!(
            mermaid(&catalog),
            "graph LR
  subgraph k0[\"run\"]
    k0v0[\"1.0.0\"]
    k0v1[\"1.1.0\"]
    k0v2[\"1.2.0\"]
    k0v0 --> k0v1
    k0v0 --> k0v2
    k0v1 --> k0v2
  end
"
        );
        let dot = dot(&catalog);
        assert!(dot.starts_with("digraph catalog {\n  rankdir=LR;\n  subgraph cluster_0 {\n    label=\"run\";\n    k0v0 [label=\"1.0.0\"];\n"));
        assert!(dot.ends_with("    k0v1 -> k0v2 [tooltip=\"Chained pipelines: every manifest says whether it may be a stage\"];\n  }\n}\n"));
    }

    #[test]
    fn a_text_in_the_language_of_graphviz_cannot_end_early() {
        assert_eq!(quoted(r#"a "b" \ c"#), r#""a \"b\" \\ c""#);
    }
}
