//! Members: what the object of a step or a rule in a catalog's files may say.
//!
//! Knows neither. The file of a step or rule lists its members once, in [`members!`]; what reads them and what editors are told of them both come from that list.
//!
//! Invariant: a member that no list names is an error.

/// A list of members that an object is read into; [`members!`] makes one.
pub(crate) trait Members: Sized {
    /// Reads them from the text of the object.
    fn parse(text: &str) -> serde_json::Result<Self>;

    /// What editors are told of them.
    #[cfg(test)]
    fn schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema;
}

/// Declares a struct and the object that it is read from, which may have other members beside: what those say is read elsewhere.
macro_rules! members {
    (
        beside { $($other:ident = $name_of_other:literal),* }
        $(#[doc = $what:literal])*
        $(#[derive($($derive:ident),*)])?
        $(#[schemars($($schema:tt)*)])?
        $vis:vis struct $name:ident {
            $(
                $(#[doc = $doc:literal])*
                $(#[serde($($serde:tt)*)])?
                $(#[schemars($($member_schema:tt)*)])?
                $see:vis $member:ident: $type:ty,
            )*
        }
    ) => {
        $(#[doc = $what])*
        $(#[derive($($derive),*)])?
        $vis struct $name {
            $($(#[doc = $doc])* $see $member: $type,)*
        }

        const _: () = {
            $(#[doc = $what])*
            #[derive(serde::Deserialize)]
            #[cfg_attr(test, derive(schemars::JsonSchema))]
            $(#[cfg_attr(test, schemars($($schema)*))])?
            #[serde(deny_unknown_fields, expecting = "an object")]
            struct Object {
                $(
                    #[serde(rename = $name_of_other, default)]
                    #[cfg_attr(test, schemars(skip))]
                    $other: serde::de::IgnoredAny,
                )*
                $(
                    $(#[doc = $doc])*
                    $(#[serde($($serde)*)])?
                    $(#[cfg_attr(test, schemars($($member_schema)*))])?
                    $member: $type,
                )*
            }

            impl $crate::catalog::members::Members for $name {
                fn parse(text: &str) -> serde_json::Result<Self> {
                    let Object { $($other: _,)* $($member),* } = serde_json::from_str(text)?;
                    Ok(Self { $($member),* })
                }

                #[cfg(test)]
                fn schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                    <Object as schemars::JsonSchema>::json_schema(generator)
                }
            }
        };
    };
}
pub(crate) use members;
