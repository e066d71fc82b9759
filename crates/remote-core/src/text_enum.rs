//! Enumerations that services send as text, with room for words that are not known yet.

/// For implementors of remotes: declares an enumeration of texts, a variant per known word and `Unknown` for the rest, which keeps the word.
///
/// The crate that uses it depends on `serde`.
///
/// ```
/// remote_core::text_enum! {
///     /// How something is.
///     pub enum State {
///         /// All is there.
///         Completed = "COMPLETED",
///     }
/// }
/// assert_eq!(State::from("COMPLETED"), State::Completed);
/// assert_eq!(State::from("NEW").as_str(), "NEW");
/// ```
#[macro_export]
macro_rules! text_enum {
    (
        $(#[$meta:meta])*
        pub enum $name:ident {
            $( $(#[$variant_meta:meta])* $variant:ident = $text:literal, )*
        }
    ) => {
        $(#[$meta])*
        #[non_exhaustive]
        #[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub enum $name {
            $( $(#[$variant_meta])* $variant, )*
            /// A word that this version does not know, as the service sent it.
            Unknown(String),
        }

        impl $name {
            /// The word of the wire format.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $( Self::$variant => $text, )*
                    Self::Unknown(text) => text,
                }
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                match text {
                    $( $text => Self::$variant, )*
                    _ => Self::Unknown(text.to_owned()),
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text: $crate::lenient::Text<'de> = serde::Deserialize::deserialize(deserializer)?;
                Ok(Self::from(text.as_str()))
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }
    };
}
