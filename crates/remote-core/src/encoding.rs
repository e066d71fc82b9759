//! File-name encoding: how a name is written on a service that cannot store every character.
//!
//! No service stores every name. One refuses a backslash, another a colon, none a NUL or the names `.` and `..`. rclone
//! settled on a reversible way around that, and this module follows it byte for byte, so that both programs see the
//! same files under the same names: a character the service refuses is replaced by a look-alike (`:` by the fullwidth
//! `：`, a control character by its picture), and a look-alike that is really part of a name is marked with the quote
//! character `‛` (U+201B) in front.
//!
//! ```
//! use remote_core::encoding::Encoding;
//!
//! let encoding: Encoding = "Slash,Colon,InvalidUtf8,Dot".parse()?;
//! assert_eq!(encoding.encode_str("12:30.txt"), "12：30.txt");
//! assert_eq!(encoding.encode_str("12：30.txt"), "12‛：30.txt");
//! assert_eq!(&*encoding.decode("12‛：30.txt".as_bytes()), "12：30.txt".as_bytes());
//! # Ok::<(), remote_core::encoding::ParseEncodingError>(())
//! ```
//!
//! # Three forms of a name
//!
//! * The **raw** name is the true one. It may hold any byte, including `/` and NUL.
//! * The **encoded** name is what the service stores: [`Encoding::encode`] makes it, [`Encoding::decode`] reads it.
//! * The **Standard** form is the raw name encoded with [`Encoding::STANDARD`]. It is what rclone shows and accepts on
//!   its command line; a path is a sequence of Standard names joined by `/`. [`Encoding::from_standard_path`] and its
//!   siblings convert between it and the encoded form.
//!
//! All conversions accept every input, never fail, and copy nothing when nothing changes: the result is
//! [`Cow::Borrowed`] exactly when it equals the input.
//!
//! # What is promised
//!
//! `decode(encode(name)) == name` for every byte string, if the encoding is [`RAW`](Encoding::RAW), or if it has none
//! of the three `RIGHT_…` classes and does not combine [`DOT`](Encoding::DOT) with exactly one of
//! [`LEFT_PERIOD`](Encoding::LEFT_PERIOD) and [`RIGHT_PERIOD`](Encoding::RIGHT_PERIOD). Outside of that a few names do
//! not survive, and rclone loses the same ones:
//!
//! * with a `RIGHT_…` class, a name that ends in one of its characters with `‛` right before it (`‛` and a space under
//!   [`RIGHT_SPACE`](Encoding::RIGHT_SPACE) comes back as `‛␠`);
//! * with `DOT` and one of the two period classes, `.．` or `．.`, which come back as `..`.
//!
//! `encode(decode(stored)) == stored` is **not** promised, because a service may hold names that no encoder wrote.
//! Whoever lists a name and wants the object back must keep the stored name.
//!
//! Decoding may produce `/`, NUL, `.` and `..` (from `‛2F`, for instance). Check a raw name before it becomes part of a
//! local path, or use the Standard form, which has none of them.
//!
//! The encoder does not fold case, normalise Unicode, check lengths or escape for addresses, JSON or XML. An ASCII
//! character grows from one byte to three at most, an invalid byte from one to five.

use std::borrow::Cow;
use std::fmt;
use std::ops::{BitOr, BitOrAssign};

mod decode;
mod encode;
mod lookalike;
mod rewriter;
mod standard;
mod text;

pub use text::ParseEncodingError;

/// What a service cannot store in a name: a set of classes of characters.
///
/// Written as text it is a list of class names, `Slash,InvalidUtf8,Dot`, which is also the form of the `encoding`
/// option in configuration files; [`str::parse`] reads it and [`Display`](fmt::Display) prints it. The numbers behind
/// the classes are rclone's and may stand in configuration files too.
///
/// The default is [`Encoding::NONE`].
///
/// # Examples
///
/// ```
/// use remote_core::encoding::Encoding;
///
/// let encoding = Encoding::SLASH | Encoding::DOT;
/// assert_eq!(encoding.to_string(), "Slash,Dot");
/// assert_eq!("Dot, 0x2".parse(), Ok(encoding));
/// assert!(encoding.contains(Encoding::DOT));
/// ```
#[derive(Clone, Copy, Default, Eq, Hash, PartialEq)]
pub struct Encoding(u64);

/// The classes. "Left" means the first character of a name, "right" the last one; the others apply anywhere in it.
impl Encoding {
    /// No class: only NUL is replaced (by `␀`), and `␀` and `‛` are quoted, which every encoding but [`RAW`](Self::RAW)
    /// does.
    pub const NONE: Self = Self(0);
    /// Switches the encoding off, NUL and quotes included, as long as no other bit is set.
    ///
    /// rclone knows it from version 1.68 on.
    pub const RAW: Self = Self(1);
    /// `/` becomes `／`.
    pub const SLASH: Self = Self(1 << 1);
    /// `<` becomes `＜`, `>` becomes `＞`.
    pub const LT_GT: Self = Self(1 << 2);
    /// `"` becomes `＂`.
    pub const DOUBLE_QUOTE: Self = Self(1 << 3);
    /// `'` becomes `＇`.
    pub const SINGLE_QUOTE: Self = Self(1 << 4);
    /// `` ` `` becomes `｀`.
    pub const BACK_QUOTE: Self = Self(1 << 5);
    /// `$` becomes `＄`.
    pub const DOLLAR: Self = Self(1 << 6);
    /// `:` becomes `：`.
    pub const COLON: Self = Self(1 << 7);
    /// `?` becomes `？`.
    pub const QUESTION: Self = Self(1 << 8);
    /// `*` becomes `＊`.
    pub const ASTERISK: Self = Self(1 << 9);
    /// `|` becomes `｜`.
    pub const PIPE: Self = Self(1 << 10);
    /// `#` becomes `＃`.
    pub const HASH: Self = Self(1 << 11);
    /// `%` becomes `％`.
    pub const PERCENT: Self = Self(1 << 12);
    /// `\` becomes `＼`.
    pub const BACK_SLASH: Self = Self(1 << 13);
    /// Carriage return becomes `␍`, line feed `␊`. Part of [`CTL`](Self::CTL).
    pub const CR_LF: Self = Self(1 << 14);
    /// DEL, U+007F, becomes `␡`.
    pub const DEL: Self = Self(1 << 15);
    /// U+0001 to U+001F become `␁` to `␟`.
    pub const CTL: Self = Self(1 << 16);
    /// A space at the start becomes `␠`.
    pub const LEFT_SPACE: Self = Self(1 << 17);
    /// A period at the start becomes `．`.
    pub const LEFT_PERIOD: Self = Self(1 << 18);
    /// A tilde at the start becomes `～`.
    pub const LEFT_TILDE: Self = Self(1 << 19);
    /// A tab, line feed, vertical tab or carriage return at the start becomes `␉`, `␊`, `␋` or `␍`.
    pub const LEFT_CR_LF_HT_VT: Self = Self(1 << 20);
    /// A space at the end becomes `␠`.
    pub const RIGHT_SPACE: Self = Self(1 << 21);
    /// A period at the end becomes `．`.
    pub const RIGHT_PERIOD: Self = Self(1 << 22);
    /// A tab, line feed, vertical tab or carriage return at the end becomes `␉`, `␊`, `␋` or `␍`.
    pub const RIGHT_CR_LF_HT_VT: Self = Self(1 << 23);
    /// A byte that is not part of valid UTF-8 becomes `‛` and two upper-case hexadecimal digits.
    ///
    /// With this class every encoded name is valid UTF-8.
    pub const INVALID_UTF8: Self = Self(1 << 24);
    /// The whole names `.` and `..` become `．` and `．．`.
    pub const DOT: Self = Self(1 << 25);
    /// `[` becomes `［`, `]` becomes `］`.
    pub const SQUARE_BRACKET: Self = Self(1 << 26);
    /// `;` becomes `；`.
    pub const SEMICOLON: Self = Self(1 << 27);
    /// `!` becomes `！`. rclone knows it from version 1.68 on.
    pub const EXCLAMATION: Self = Self(1 << 28);
}

/// Named sets. The defaults of each service are constants of its crate.
impl Encoding {
    /// The form in which rclone shows names and takes them on its command line: `Slash,Del,Ctl,Dot`.
    pub const STANDARD: Self = Self::SLASH
        .union(Self::DEL)
        .union(Self::CTL)
        .union(Self::DOT);
    /// File names on Linux and other Unix systems, which forbid little: `Slash,Dot`.
    pub const LOCAL_UNIX: Self = Self::SLASH.union(Self::DOT);
    /// File names on macOS, which must be valid UTF-8: `Slash,InvalidUtf8,Dot`.
    pub const LOCAL_MACOS: Self = Self::LOCAL_UNIX.union(Self::INVALID_UTF8);
    /// File names on Windows:
    /// `Slash,LtGt,DoubleQuote,Colon,Question,Asterisk,Pipe,BackSlash,Ctl,RightSpace,RightPeriod,InvalidUtf8,Dot`.
    pub const LOCAL_WINDOWS: Self = Self::LOCAL_MACOS
        .union(Self::LT_GT)
        .union(Self::DOUBLE_QUOTE)
        .union(Self::COLON)
        .union(Self::QUESTION)
        .union(Self::ASTERISK)
        .union(Self::PIPE)
        .union(Self::BACK_SLASH)
        .union(Self::CTL)
        .union(Self::RIGHT_SPACE)
        .union(Self::RIGHT_PERIOD);
}

impl Encoding {
    /// Makes an encoding from rclone's number for it.
    ///
    /// Bits without a meaning are kept and printed, but change nothing, except that an encoding with any of them is not
    /// [`RAW`](Self::RAW).
    #[must_use]
    pub const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// The number of this encoding, as rclone writes it in option listings.
    #[must_use]
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// Whether every class of `other` is in this encoding. True for [`NONE`](Self::NONE).
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// The classes of both; the same as `|`, for constants.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Writes one raw name the way the service can store it.
    ///
    /// `name` is one path segment; a `/` in it is a character like any other. The empty name stays empty. The result is
    /// borrowed if and only if it equals `name`.
    ///
    /// # Examples
    ///
    /// ```
    /// use remote_core::encoding::Encoding;
    ///
    /// let encoding = Encoding::SLASH | Encoding::INVALID_UTF8 | Encoding::DOT;
    /// assert_eq!(&*encoding.encode(b"AC/DC \xE9t\xE9"), "AC／DC ‛E9t‛E9".as_bytes());
    /// assert_eq!(&*encoding.encode(b".."), "．．".as_bytes());
    /// ```
    #[must_use]
    pub fn encode(self, name: &[u8]) -> Cow<'_, [u8]> {
        encode::encode(self, name)
    }

    /// [`encode`](Self::encode) for a name that is text, which stays text.
    ///
    /// There is no counterpart for decoding, since a decoded name need not be text: `‛FF` is the byte FF.
    #[must_use]
    pub fn encode_str(self, name: &str) -> Cow<'_, str> {
        still_text(name, self.encode(name.as_bytes()))
    }

    /// Reads one name as the service stores it and gives the raw name.
    ///
    /// Accepts what no encoder writes: bare characters that should have been replaced and quotes that quote nothing are
    /// kept as they are, hexadecimal digits may be in lower case. The result may hold `/` and NUL and may be `..`. It
    /// is borrowed if and only if it equals `name`.
    ///
    /// # Examples
    ///
    /// ```
    /// use remote_core::encoding::Encoding;
    ///
    /// let encoding = Encoding::SLASH | Encoding::INVALID_UTF8;
    /// assert_eq!(&*encoding.decode("AC／DC ‛E9t‛e9".as_bytes()), b"AC/DC \xE9t\xE9");
    /// assert_eq!(&*encoding.decode("‛x".as_bytes()), "‛x".as_bytes());
    /// ```
    #[must_use]
    pub fn decode(self, name: &[u8]) -> Cow<'_, [u8]> {
        decode::decode(self, name)
    }

    /// Converts one Standard name to the form the service stores.
    ///
    /// A `/` in it is a character, not a separator. With the [`STANDARD`](Self::STANDARD) encoding the name is passed
    /// through, canonical or not.
    #[must_use]
    pub fn from_standard_name(self, name: &[u8]) -> Cow<'_, [u8]> {
        standard::convert_name(Self::STANDARD, self, name)
    }

    /// Converts one stored name to its Standard form, which has no `/`, no control characters and is neither `.` nor
    /// `..`.
    ///
    /// The exception is the [`STANDARD`](Self::STANDARD) encoding itself, where the name is passed through.
    ///
    /// # Examples
    ///
    /// ```
    /// use remote_core::encoding::Encoding;
    ///
    /// let encoding = Encoding::SLASH | Encoding::COLON;
    /// assert_eq!(&*encoding.to_standard_name("12：30\t".as_bytes()), "12:30␉".as_bytes());
    /// ```
    #[must_use]
    pub fn to_standard_name(self, name: &[u8]) -> Cow<'_, [u8]> {
        standard::convert_name(self, Self::STANDARD, name)
    }

    /// Converts a path of Standard names joined by `/` to the form the service stores, segment by segment.
    ///
    /// Empty segments stay, so leading, trailing and doubled slashes survive. The segments `.` and `..` are names like
    /// any other and nothing is resolved: clean the path before. With an encoding that lacks [`SLASH`](Self::SLASH) a
    /// segment may turn into two.
    ///
    /// # Examples
    ///
    /// ```
    /// use remote_core::encoding::Encoding;
    ///
    /// let encoding = Encoding::SLASH | Encoding::QUESTION | Encoding::DOT;
    /// assert_eq!(&*encoding.from_standard_path(b"who?/../AC"), "who？/．．/AC".as_bytes());
    /// ```
    #[must_use]
    pub fn from_standard_path(self, path: &[u8]) -> Cow<'_, [u8]> {
        standard::convert_path(Self::STANDARD, self, path)
    }

    /// [`from_standard_path`](Self::from_standard_path) for a path that is text, which stays text.
    #[must_use]
    pub fn from_standard_path_str(self, path: &str) -> Cow<'_, str> {
        still_text(path, self.from_standard_path(path.as_bytes()))
    }

    /// Converts a path of stored names joined by `/` to Standard names, segment by segment.
    ///
    /// Empty segments stay, and so do their number and order.
    #[must_use]
    pub fn to_standard_path(self, path: &[u8]) -> Cow<'_, [u8]> {
        standard::convert_path(self, Self::STANDARD, path)
    }
}

impl BitOr for Encoding {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        self.union(other)
    }
}

impl BitOrAssign for Encoding {
    fn bitor_assign(&mut self, other: Self) {
        *self = self.union(other);
    }
}

impl fmt::Debug for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Encoding({self})")
    }
}

/// Encoding puts whole characters beside or in place of whole characters, so text stays text.
fn still_text<'a>(before: &'a str, after: Cow<'a, [u8]>) -> Cow<'a, str> {
    match after {
        Cow::Borrowed(_) => Cow::Borrowed(before),
        Cow::Owned(bytes) => Cow::Owned(
            String::from_utf8(bytes)
                .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()),
        ),
    }
}

#[cfg(test)]
mod tests;
