//! What the filename encoding promises, on generated names.
//!
//! Covered: the round trip with exactly the documented exceptions, for the encodings of the services and for random
//! ones; nothing a class forbids is left in an encoded name; encoded names are text when they must be; making a name
//! canonical twice is making it canonical once; every result is borrowed if and only if it equals the input; no mask
//! and no bytes panic; printed encodings parse.

use std::borrow::Cow;

use proptest::char;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use remote_core::encoding::Encoding;

const QUOTE: &[u8] = "‛".as_bytes();

/// The defaults of Koofr, of Jottacloud before and from rclone 1.74 on, and of Amazon Drive, then the sets of this
/// crate and the two extremes.
const NAMED: [Encoding; 10] = [
    Encoding::from_bits(0x301_A002),
    Encoding::from_bits(0x301_878E),
    Encoding::from_bits(0x301_978E),
    Encoding::from_bits(0x300_0002),
    Encoding::STANDARD,
    Encoding::LOCAL_UNIX,
    Encoding::LOCAL_MACOS,
    Encoding::LOCAL_WINDOWS,
    Encoding::NONE,
    Encoding::RAW,
];

const RIGHT: [(Encoding, &[u8]); 3] = [
    (Encoding::RIGHT_SPACE, b" "),
    (Encoding::RIGHT_PERIOD, b"."),
    (Encoding::RIGHT_CR_LF_HT_VT, b"\t\n\x0B\r"),
];

/// What the classes replace anywhere in a name.
const ANYWHERE: [(Encoding, &str); 20] = [
    (Encoding::SLASH, "/"),
    (Encoding::LT_GT, "<>"),
    (Encoding::DOUBLE_QUOTE, "\""),
    (Encoding::SINGLE_QUOTE, "'"),
    (Encoding::BACK_QUOTE, "`"),
    (Encoding::DOLLAR, "$"),
    (Encoding::COLON, ":"),
    (Encoding::QUESTION, "?"),
    (Encoding::ASTERISK, "*"),
    (Encoding::PIPE, "|"),
    (Encoding::HASH, "#"),
    (Encoding::PERCENT, "%"),
    (Encoding::BACK_SLASH, "\\"),
    (Encoding::CR_LF, "\r\n"),
    (Encoding::DEL, "\x7F"),
    (
        Encoding::CTL,
        "\x01\x02\x03\x04\x05\x06\x07\x08\t\n\x0B\x0C\r\x0E\x0F\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1A\x1B\x1C\x1D\x1E\x1F",
    ),
    (Encoding::SQUARE_BRACKET, "[]"),
    (Encoding::SEMICOLON, ";"),
    (Encoding::EXCLAMATION, "!"),
    (Encoding::NONE, "\0"),
];

fn any_encoding() -> impl Strategy<Value = Encoding> {
    prop_oneof![
        2 => select(&NAMED[..]),
        3 => (0..1_u64 << 29).prop_map(Encoding::from_bits),
        1 => any::<u64>().prop_map(Encoding::from_bits),
    ]
}

/// Names made of what the encoding cares about, with some noise.
fn any_name() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => (0..=0x7F_u8).prop_map(|byte| vec![byte]),
        2 => Just(QUOTE.to_vec()),
        2 => char::range('\u{2400}', '\u{2426}').prop_map(utf8),
        2 => char::range('\u{FF01}', '\u{FF5E}').prop_map(utf8),
        1 => select(&b" .~\t\r\n/"[..]).prop_map(|byte| vec![byte]),
        1 => any::<u8>().prop_map(|byte| format!("‛{byte:02X}").into_bytes()),
        1 => any::<char>().prop_map(utf8),
        1 => vec(0x80..=0xFF_u8, 1..4),
        1 => select(&["é", "\u{FFFD}", "\u{10FFFF}", "e\u{301}", "\u{FEFF}"][..]).prop_map(|text| text.into()),
        1 => select(&["\u{201B}", "．", "～", "␠", "␡"][..]).prop_map(|text| text.as_bytes()[..2].to_vec()),
    ];
    vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

fn utf8(character: char) -> Vec<u8> {
    character.to_string().into_bytes()
}

fn canonical(standard: &[u8]) -> Vec<u8> {
    let raw = Encoding::STANDARD.decode(standard);
    Encoding::STANDARD.encode(&raw).into_owned()
}

fn round_trips(encoding: Encoding, name: &[u8]) -> bool {
    *encoding.decode(&encoding.encode(name)) == *name
}

/// The names that are documented not to survive.
fn is_lost(encoding: Encoding, name: &[u8]) -> bool {
    if encoding == Encoding::RAW {
        return false;
    }
    let periods = u8::from(encoding.contains(Encoding::LEFT_PERIOD))
        + u8::from(encoding.contains(Encoding::RIGHT_PERIOD));
    if encoding.contains(Encoding::DOT) && periods == 1 && encodes_like_dots(encoding, name) {
        return true;
    }
    RIGHT.iter().any(|(class, characters)| {
        encoding.contains(*class)
            && name
                .split_last()
                .is_some_and(|(last, rest)| characters.contains(last) && rest.ends_with(QUOTE))
    })
}

fn encodes_like_dots(encoding: Encoding, name: &[u8]) -> bool {
    if encoding.contains(Encoding::LEFT_PERIOD) {
        name == ".．".as_bytes()
    } else {
        name == "．.".as_bytes()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn a_name_survives_unless_it_is_documented_not_to(encoding in any_encoding(), name in any_name()) {
        prop_assert_eq!(round_trips(encoding, &name), !is_lost(encoding, &name));
    }

    #[test]
    fn every_name_survives_the_encodings_of_the_services(
        encoding in select(&NAMED[..7]),
        name in prop_oneof![any_name(), vec(any::<u8>(), 0..24)],
    ) {
        prop_assert!(round_trips(encoding, &name));
    }

    #[test]
    fn nothing_a_class_forbids_is_left(encoding in any_encoding(), name in any_name()) {
        prop_assume!(encoding != Encoding::RAW);
        let encoded = encoding.encode(&name);
        for (class, characters) in ANYWHERE {
            let left = encoded.iter().find(|&byte| characters.as_bytes().contains(byte));
            prop_assert!(left.is_none() || !encoding.contains(class), "{:?} of {}", left, class);
        }
        if encoding.contains(Encoding::DOT) {
            prop_assert!(&*encoded != b"." && &*encoded != b"..");
        }
        if encoding.contains(Encoding::INVALID_UTF8) {
            prop_assert!(str::from_utf8(&encoded).is_ok());
        }
    }

    #[test]
    fn a_canonical_name_stays_as_it_is(encoding in any_encoding(), name in any_name()) {
        let canonical = canonical(&name);
        prop_assert_eq!(&self::canonical(&canonical), &canonical);

        // Between canonical Standard names and any encoding that loses nothing, no information is lost either.
        if !is_lost(encoding, &Encoding::STANDARD.decode(&canonical)) {
            let stored = encoding.from_standard_name(&canonical);
            prop_assert_eq!(&*encoding.to_standard_name(&stored), &*canonical);
        }
    }

    #[test]
    fn a_standard_name_is_safe_as_a_path_segment(encoding in any_encoding(), stored in any_name()) {
        prop_assume!(encoding != Encoding::STANDARD);
        let name = encoding.to_standard_name(&stored);
        prop_assert!(!name.contains(&b'/') && !name.contains(&0));
        prop_assert!(&*name != b"." && &*name != b"..");
        prop_assert_eq!(name.is_empty(), stored.is_empty());
    }

    #[test]
    fn results_are_borrowed_if_and_only_if_nothing_changes(encoding in any_encoding(), name in any_name()) {
        for result in [
            encoding.encode(&name),
            encoding.decode(&name),
            encoding.from_standard_name(&name),
            encoding.to_standard_name(&name),
            encoding.from_standard_path(&name),
            encoding.to_standard_path(&name),
        ] {
            prop_assert_eq!(matches!(result, Cow::Borrowed(_)), *result == *name);
        }
    }

    #[test]
    fn text_is_converted_like_its_bytes(encoding in any_encoding(), name in any_name()) {
        let name = String::from_utf8_lossy(&name);
        let encoded = encoding.encode_str(&name);
        prop_assert_eq!(encoded.as_bytes(), &*encoding.encode(name.as_bytes()));
        let stored = encoding.from_standard_path_str(&name);
        prop_assert_eq!(stored.as_bytes(), &*encoding.from_standard_path(name.as_bytes()));
    }

    #[test]
    fn a_path_is_converted_segment_by_segment(encoding in any_encoding(), path in vec(any_name(), 1..4)) {
        prop_assume!(encoding != Encoding::STANDARD);
        let path = path.join(&b'/');
        let convert = |one: &[u8], each: fn(Encoding, &[u8]) -> Cow<'_, [u8]>| {
            let segments: Vec<_> = one.split(|byte| *byte == b'/').map(|name| each(encoding, name)).collect();
            segments.join(&b'/')
        };
        prop_assert_eq!(&*encoding.from_standard_path(&path), convert(&path, Encoding::from_standard_name));
        prop_assert_eq!(&*encoding.to_standard_path(&path), convert(&path, Encoding::to_standard_name));
    }

    #[test]
    fn a_printed_encoding_parses_to_itself(bits in any::<u64>()) {
        let encoding = Encoding::from_bits(bits);
        prop_assert_eq!(encoding.to_string().parse(), Ok(encoding));
    }

    #[test]
    fn a_number_in_any_base_parses(bits in any::<u64>()) {
        let encoding = Ok(Encoding::from_bits(bits));
        prop_assert_eq!(bits.to_string().parse(), encoding.clone());
        prop_assert_eq!(format!("{bits:#x}").parse(), encoding.clone());
        prop_assert_eq!(format!("0{bits:o}").parse(), encoding.clone());
        prop_assert_eq!(format!("{bits:#b}").parse(), encoding);
    }

    #[test]
    fn any_text_parses_or_is_refused_with_one_of_its_parts(text in "(Slash|Dot|0x|_|[0-9a-f]|,| |\\PC){0,12}") {
        if let Err(error) = text.parse::<Encoding>() {
            prop_assert!(text.split(',').any(|part| part.trim() == error.part()));
        }
    }
}
