//! Reads objects of a catalog file member by member into a struct with a derived reading.
//! Invariant: an array of values never stands for an object, and the message about an unknown member lists all known ones.

use std::fmt;

use serde::de::{
    Deserialize, Deserializer, Error as _, IgnoredAny, IntoDeserializer as _, MapAccess, Visitor,
};

use super::problem::one_of;

/// The members that every object of a list can have, such as `step`, beside its own.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Common {
    /// Messages name these before the object's own members.
    pub(crate) first: &'static [&'static str],
    /// Messages name these after them.
    pub(crate) last: &'static [&'static str],
}

/// Reads the object `text` into `T`, but passes over the common members. The error has a line and a column.
pub(crate) fn read_members<'t, T: Deserialize<'t>>(
    text: &'t str,
    common: Common,
) -> serde_json::Result<T> {
    let mut object = serde_json::Deserializer::from_str(text);
    let read = T::deserialize(ObjectReader {
        object: &mut object,
        common,
    })?;
    object.end()?;
    Ok(read)
}

/// A struct that is read from an object only. (A derived reading alone would also take an array of the values.)
#[derive(Debug)]
pub(crate) struct Object<T>(pub(crate) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(object: D) -> Result<Self, D::Error> {
        let common = Common::default();
        T::deserialize(ObjectReader { object, common }).map(Self)
    }
}

struct ObjectReader<D> {
    object: D,
    common: Common,
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for ObjectReader<D> {
    type Error = D::Error;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        own: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.object.deserialize_map(WithoutCommon {
            inner: visitor,
            own,
            common: self.common,
        })
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.object.deserialize_any(visitor)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

struct WithoutCommon<T> {
    inner: T,
    own: &'static [&'static str],
    common: Common,
}

impl<'de, V: Visitor<'de>> Visitor<'de> for WithoutCommon<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<V::Value, A::Error> {
        self.inner.visit_map(WithoutCommon {
            inner: members,
            own: self.own,
            common: self.common,
        })
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for WithoutCommon<A> {
    type Error = A::Error;

    fn next_key_seed<K: serde::de::DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, A::Error> {
        let Common { first, last } = self.common;
        while let Some(name) = self.inner.next_key::<String>()? {
            let is = |known: &&str| **known == *name;
            if first.iter().chain(last).any(is) {
                self.inner.next_value::<IgnoredAny>()?;
            } else if first.is_empty() || self.own.iter().any(is) {
                return seed.deserialize(name.into_deserializer()).map(Some);
            } else {
                let known = one_of(&[first, self.own, last].concat());
                let message = format!("unknown member `{name}`, expected {known}");
                return Err(A::Error::custom(message));
            }
        }
        Ok(None)
    }

    fn next_value_seed<S: serde::de::DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<S::Value, A::Error> {
        self.inner.next_value_seed(seed)
    }
}
