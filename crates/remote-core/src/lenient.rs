//! For implementors of remotes: reading of JSON values that services spell in more than one way.
//!
//! Integers come as strings, ids as numbers, and optional values as `null`; all of these are accepted everywhere, because nothing else
//! could be meant. The functions are for `#[serde(deserialize_with = "…")]`.

use std::{borrow::Cow, fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, Visitor, value::MapAccessDeserializer},
};

/// A text that is borrowed from the input where it contains no escapes.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Text<'a>(pub Cow<'a, str>);

impl Text<'_> {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;

        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }

            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(number.to_string())))
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(number.to_string())))
            }

            fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
                Ok(Text::default())
            }
        }

        deserializer.deserialize_any(TextVisitor)
    }
}

/// An answer that has to be an object: a list would otherwise be taken for its fields in order, an empty one for an object without any.
#[derive(Debug)]
pub struct Object<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ObjectVisitor<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
            type Value = Object<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Object)
            }
        }

        deserializer.deserialize_map(ObjectVisitor(PhantomData))
    }
}

/// An integer, absent when it is `null` or an empty text.
struct Integer(Option<i64>);

impl<'de> Deserialize<'de> for Integer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct IntegerVisitor;

        impl Visitor<'_> for IntegerVisitor {
            type Value = Integer;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an integer")
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<Integer, E> {
                Ok(Integer(Some(number)))
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Integer, E> {
                i64::try_from(number)
                    .map(|number| Integer(Some(number)))
                    .map_err(E::custom)
            }

            fn visit_f64<E: Error>(self, number: f64) -> Result<Integer, E> {
                // Whole numbers up to 2^53 are exact; beyond, the service would not send a fraction form.
                const LIMIT: f64 = 9_007_199_254_740_992.0;
                if number.fract() != 0.0 || number.abs() > LIMIT {
                    return Err(E::custom("not a whole number"));
                }
                #[expect(clippy::cast_possible_truncation, reason = "whole and within 2^53")]
                Ok(Integer(Some(number as i64)))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Integer, E> {
                if text.is_empty() {
                    return Ok(Integer(None));
                }
                text.parse()
                    .map(|number| Integer(Some(number)))
                    .map_err(E::custom)
            }

            fn visit_unit<E: Error>(self) -> Result<Integer, E> {
                Ok(Integer(None))
            }
        }

        deserializer.deserialize_any(IntegerVisitor)
    }
}

/// An integer that may be missing.
///
/// # Errors
///
/// A value of any other form.
pub fn opt_i64<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    Integer::deserialize(deserializer).map(|integer| integer.0)
}

/// An integer, 0 when missing.
///
/// # Errors
///
/// A value of any other form.
pub fn i64<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    opt_i64(deserializer).map(Option::unwrap_or_default)
}

/// A size or count that may be missing; a negative one counts as missing.
///
/// # Errors
///
/// A value of any other form.
pub fn opt_u64<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    opt_i64(deserializer).map(|number| number.and_then(|number| number.try_into().ok()))
}

/// A text or number, empty when missing.
///
/// # Errors
///
/// A value of any other form.
pub fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Text::deserialize(deserializer).map(|text| text.0.into_owned())
}

/// A text or number that may be missing; an empty text counts as missing.
///
/// # Errors
///
/// A value of any other form.
pub fn opt_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    text(deserializer).map(|text| Some(text).filter(|text| !text.is_empty()))
}

/// Any value, its default when it is `null`.
///
/// # Errors
///
/// A value of any other form.
pub fn or_default<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: Deserialize<'de> + Default,
    D: Deserializer<'de>,
{
    Option::<T>::deserialize(deserializer).map(Option::unwrap_or_default)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    struct Row {
        #[serde(default, deserialize_with = "opt_i64")]
        number: Option<i64>,
        #[serde(default, deserialize_with = "opt_u64")]
        size: Option<u64>,
        #[serde(default, deserialize_with = "opt_text")]
        text: Option<String>,
    }

    fn row(json: &str) -> Result<Row, serde_json::Error> {
        serde_json::from_str(json)
    }

    #[test]
    fn integers_may_be_texts_and_null() {
        assert_eq!(row(r#"{"number":"-7"}"#).unwrap().number, Some(-7));
        assert_eq!(row(r#"{"number":8.0}"#).unwrap().number, Some(8));
        assert_eq!(row(r#"{"number":null}"#).unwrap().number, None);
        assert_eq!(row("{}").unwrap().number, None);
        assert!(row(r#"{"number":"x"}"#).is_err());
        assert!(row(r#"{"number":1.5}"#).is_err());
        assert!(row(r#"{"number":18446744073709551615}"#).is_err());
    }

    #[test]
    fn negative_sizes_are_unknown() {
        assert_eq!(row(r#"{"size":-1}"#).unwrap().size, None);
        assert_eq!(row(r#"{"size":"12"}"#).unwrap().size, Some(12));
    }

    #[test]
    fn texts_may_be_numbers() {
        assert_eq!(row(r#"{"text":12}"#).unwrap().text.as_deref(), Some("12"));
        assert_eq!(row(r#"{"text":""}"#).unwrap().text, None);
    }

    #[test]
    fn texts_without_escapes_are_borrowed() {
        let text: Text<'_> = serde_json::from_str(r#""plain""#).unwrap();
        assert!(matches!(text.0, Cow::Borrowed("plain")));
        let text: Text<'_> = serde_json::from_str(r#""a\u00e9""#).unwrap();
        assert!(matches!(text.0, Cow::Owned(_)));
    }
}
