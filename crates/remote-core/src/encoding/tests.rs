use super::*;

const TRAILING: &[(&str, &str, &str)] = &[
    ("LeftSpace", "  x", "␠ x"),
    ("RightSpace", "x  ", "x ␠"),
    ("RightSpace,RightPeriod", "x. ", "x.␠"),
    ("RightSpace,RightPeriod", "x .", "x ．"),
    ("LeftSpace,RightSpace", " ", "␠"),
    ("LeftSpace,RightSpace", "  ", "␠␠"),
    ("LeftSpace,RightSpace", "␠", "‛␠"),
    ("RightSpace", "a␠", "a‛␠"),
    ("RightSpace", "‛␠", "‛‛‛␠"),
    ("LeftPeriod", ".hidden", "．hidden"),
    ("LeftPeriod,Dot", ".", "．"),
    ("LeftPeriod,RightPeriod,Dot", ".．", "．‛．"),
    ("LeftTilde", "~a~", "～a~"),
    ("LeftTilde", "～a", "‛～a"),
    ("LeftCrLfHtVt", "\t\tx", "␉\tx"),
    ("LeftCrLfHtVt,Ctl", "\t\tx", "␉␉x"),
    ("RightCrLfHtVt", "x\r\n", "x\r␊"),
    ("RightCrLfHtVt", "x\u{c}", "x\u{c}"),
];

#[test]
fn first_and_last_characters_are_encoded_as_in_the_worked_cases() {
    for (encoding, raw, encoded) in TRAILING {
        let parsed: Encoding = encoding.parse().unwrap();
        assert_eq!(parsed.encode_str(raw), *encoded, "{encoding} of {raw:?}");
    }
}

#[test]
fn an_invalid_byte_at_the_end_hides_the_space_before_it() {
    let name = b"a \xFF";
    assert_eq!(&*Encoding::RIGHT_SPACE.encode(name), name);
}

#[test]
fn cut_off_and_surrogate_sequences_are_quoted_byte_by_byte() {
    let encoding = Encoding::INVALID_UTF8;
    assert_eq!(&*encoding.encode(b"\xED\xA0\x80"), "‛ED‛A0‛80".as_bytes());
    assert_eq!(&*encoding.encode(b"x\xE2\x82"), "x‛E2‛82".as_bytes());
    assert_eq!(
        &*encoding.encode(b"\xE2\x82\xE2\x82\xAC"),
        "‛E2‛82€".as_bytes()
    );
}

#[test]
fn a_lookalike_after_a_cut_off_sequence_is_still_recognised() {
    let name = b"\xE2\x82\xEF\xBC\x8F";
    assert_eq!(
        &*Encoding::SLASH.encode(name),
        b"\xE2\x82\xE2\x80\x9B\xEF\xBC\x8F"
    );
    assert_eq!(&*Encoding::SLASH.decode(name), b"\xE2\x82/");
}

#[test]
fn hexadecimal_forms_decode_to_any_byte_and_only_with_their_class() {
    let decode = |name: &'static str| Encoding::INVALID_UTF8.decode(name.as_bytes());
    assert_eq!(&*decode("‛41‛2F‛00"), b"A/\0");
    assert_eq!(&*decode("‛E2‛82‛AC"), "€".as_bytes());
    assert_eq!(&*decode("‛80C"), b"\x80C");
    assert_eq!(&*decode("‛G0‛F"), "‛G0‛F".as_bytes());
    assert_eq!(&*Encoding::SLASH.decode("‛FE".as_bytes()), "‛FE".as_bytes());
}

#[test]
fn raw_changes_nothing_alone_and_is_nothing_in_company() {
    let name = "\0/‛␀";
    assert_eq!(Encoding::RAW.encode_str(name), name);
    assert_eq!(&*Encoding::RAW.decode(name.as_bytes()), name.as_bytes());
    let both = Encoding::RAW | Encoding::SLASH;
    assert_eq!(both.encode_str(name), Encoding::SLASH.encode_str(name));
}

#[test]
fn names_lose_what_rclone_loses() {
    let survives = |encoding: &str, name: &str| {
        let encoding: Encoding = encoding.parse().unwrap();
        *encoding.decode(&encoding.encode(name.as_bytes())) == *name.as_bytes()
    };
    assert!(!survives("RightSpace", "‛ "));
    assert!(!survives("LeftPeriod,Dot", ".．"));
    assert!(!survives("RightPeriod,Dot", "．."));
    assert!(survives("LeftPeriod,RightPeriod,Dot", ".．"));
}

#[test]
fn paths_keep_their_slashes_and_names_do_not() {
    let encoding = Encoding::SLASH | Encoding::DOT;
    assert_eq!(encoding.from_standard_path_str("/a//b/"), "/a//b/");
    assert_eq!(encoding.from_standard_path_str("a/../b"), "a/．．/b");
    assert_eq!(&*encoding.from_standard_name(b"a/b"), "a／b".as_bytes());
    assert_eq!(
        &*encoding.to_standard_path("a/\t/b／c".as_bytes()),
        "a/␉/b／c".as_bytes()
    );
}

#[test]
fn without_slash_a_segment_may_become_two() {
    assert_eq!(Encoding::NONE.from_standard_path_str("a／b"), "a/b");
}

#[test]
fn the_standard_encoding_passes_names_through_that_are_not_canonical() {
    let name = b"a\x01b";
    assert_eq!(&*Encoding::STANDARD.to_standard_name(name), name);
    assert_eq!(&*Encoding::NONE.to_standard_name(name), "a␁b".as_bytes());
}

#[test]
fn named_sets_have_their_published_numbers() {
    assert_eq!(Encoding::STANDARD.bits(), 0x201_8002);
    assert_eq!(Encoding::LOCAL_UNIX.bits(), 0x200_0002);
    assert_eq!(Encoding::LOCAL_MACOS.bits(), 0x300_0002);
    assert_eq!(Encoding::LOCAL_WINDOWS.bits(), 0x361_278E);
    assert_eq!(Encoding::default(), Encoding::NONE);
}

#[test]
fn numbers_are_read_in_four_bases() {
    for (text, bits) in [
        ("0", 0),
        ("00", 0),
        ("0b10", 2),
        ("0O17", 15),
        ("017", 15),
        ("0_7", 7),
        ("1_000", 1000),
        ("0x_F", 15),
        ("18446744073709551615", u64::MAX),
    ] {
        assert_eq!(text.parse(), Ok(Encoding::from_bits(bits)), "{text}");
    }
}

#[test]
fn malformed_numbers_are_refused() {
    for text in [
        "",
        "08",
        "-1",
        "+2",
        "1e3",
        "0x",
        "0X_",
        "0b2",
        "0o8",
        "_1",
        "1_",
        "1__0",
        "0x__F",
        "0_",
        "0x+1",
        "1.0",
        "18446744073709551616",
        "0x1_0000_0000_0000_0000",
        "١",
    ] {
        assert!(text.parse::<Encoding>().is_err(), "{text:?}");
    }
}

#[test]
fn the_error_quotes_the_first_bad_part_and_lists_the_names() {
    let error = "Slash, dot ,Foo".parse::<Encoding>().unwrap_err();
    assert_eq!(error.part(), "dot");
    let message = error.to_string();
    assert!(message.starts_with("bad encoding \"dot\": "), "{message}");
    assert!(
        message.contains("one of Asterisk, BackQuote, BackSlash, Colon, "),
        "{message}"
    );
}

#[test]
fn debug_shows_the_text_form() {
    assert_eq!(format!("{:?}", Encoding::LOCAL_UNIX), "Encoding(Slash,Dot)");
}
