//! Every name of up to three critical tokens, with every combination of the classes that interact.
//!
//! Classes that replace a character anywhere do not depend on each other, so two stand for all of them. The tokens are
//! their raw forms and look-alikes, those of the first and last characters, quotes, hexadecimal digits and broken
//! UTF-8.

use remote_core::encoding::Encoding;

const TOKENS: [&[u8]; 18] = [
    b"a",
    b"F",
    b"/",
    b" ",
    b".",
    b"~",
    b"\t",
    b"\0",
    b"\x80",
    b"\xE2\x80",
    "‛".as_bytes(),
    "／".as_bytes(),
    "␠".as_bytes(),
    "．".as_bytes(),
    "～".as_bytes(),
    "␉".as_bytes(),
    "␀".as_bytes(),
    "€".as_bytes(),
];

const CLASSES: [Encoding; 9] = [
    Encoding::SLASH,
    Encoding::CTL,
    Encoding::LEFT_SPACE.union(Encoding::LEFT_TILDE),
    Encoding::LEFT_PERIOD,
    Encoding::LEFT_CR_LF_HT_VT,
    Encoding::RIGHT_SPACE.union(Encoding::RIGHT_CR_LF_HT_VT),
    Encoding::RIGHT_PERIOD,
    Encoding::INVALID_UTF8,
    Encoding::DOT,
];

#[test]
fn short_names_survive_exactly_as_documented() {
    let names = names();
    assert_eq!(names.len(), 1 + 18 + 18 * 18 + 18 * 18 * 18);
    for encoding in encodings() {
        for name in &names {
            let survives = *encoding.decode(&encoding.encode(name)) == **name;
            assert_eq!(
                survives,
                !is_lost(encoding, name),
                "{encoding}: {}",
                name.escape_ascii()
            );
        }
    }
}

fn encodings() -> impl Iterator<Item = Encoding> {
    (0..1_u32 << CLASSES.len()).map(|subset| {
        let members = CLASSES.iter().enumerate();
        members
            .filter(|(index, _)| subset & (1 << index) != 0)
            .fold(Encoding::NONE, |set, (_, class)| set | *class)
    })
}

fn names() -> Vec<Vec<u8>> {
    let mut names = vec![Vec::new()];
    let mut longest = 0..1;
    for _ in 0..3 {
        let end = names.len();
        for index in longest {
            for token in TOKENS {
                names.push([&names[index], token].concat());
            }
        }
        longest = end..names.len();
    }
    names
}

/// A quote before a last character that is replaced, and `..` in the disguise of a replaced and a real look-alike.
fn is_lost(encoding: Encoding, name: &[u8]) -> bool {
    let left = encoding.contains(Encoding::LEFT_PERIOD);
    let right = encoding.contains(Encoding::RIGHT_PERIOD);
    let disguised = match str::from_utf8(name) {
        Ok(".．") => left && !right,
        Ok("．.") => right && !left,
        _ => false,
    };
    let quote_before = |last: &[u8]| {
        name.strip_suffix(last)
            .is_some_and(|rest| rest.ends_with("‛".as_bytes()))
    };
    (disguised && encoding.contains(Encoding::DOT))
        || (encoding.contains(Encoding::RIGHT_SPACE) && quote_before(b" "))
        || (encoding.contains(Encoding::RIGHT_CR_LF_HT_VT) && quote_before(b"\t"))
        || (right && quote_before(b"."))
}
