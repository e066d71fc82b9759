//! Which characters a class protects, and the look-alikes that replace them.

use super::Encoding;

/// `‛`, U+201B.
pub(super) const QUOTE: &[u8] = b"\xE2\x80\x9B";

/// What every encoding but `Raw` handles: NUL, its look-alike and the quote.
///
/// The top bit has no meaning in an [`Encoding`], so it is free to stand for this in the table.
pub(super) const ALWAYS: u64 = 1 << 63;

/// The whole names that the class `Dot` replaces or quotes, and what becomes of them.
pub(super) const DOTS: [(&str, &str); 4] = [
    (".", "．"),
    ("..", "．．"),
    ("．", "‛．"),
    ("．．", "‛．‛．"),
];

const CTL: u64 = Encoding::CTL.bits();

/// For each byte, the classes because of which a name with this byte must be looked at.
///
/// For ASCII these are the classes that replace the character anywhere in a name. All look-alikes and the quote start
/// with one of two bytes, which no character contains at another position; any other byte beyond ASCII is none of this
/// table's business.
pub(super) const ATTENTION: [u64; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 0x80 {
        table[byte as usize] = anywhere(byte);
        byte += 1;
    }
    table[0xE2] = ALWAYS;
    table[0xEF] = ALWAYS;
    table
};

/// The classes that replace `raw` wherever it stands.
pub(super) const fn anywhere(raw: u8) -> u64 {
    let class = match raw {
        0 => return ALWAYS,
        b'\r' | b'\n' => return CTL | Encoding::CR_LF.bits(),
        1..=0x1F => return CTL,
        0x7F => Encoding::DEL,
        b'!' => Encoding::EXCLAMATION,
        b'"' => Encoding::DOUBLE_QUOTE,
        b'#' => Encoding::HASH,
        b'$' => Encoding::DOLLAR,
        b'%' => Encoding::PERCENT,
        b'\'' => Encoding::SINGLE_QUOTE,
        b'*' => Encoding::ASTERISK,
        b'/' => Encoding::SLASH,
        b':' => Encoding::COLON,
        b';' => Encoding::SEMICOLON,
        b'<' | b'>' => Encoding::LT_GT,
        b'?' => Encoding::QUESTION,
        b'[' | b']' => Encoding::SQUARE_BRACKET,
        b'\\' => Encoding::BACK_SLASH,
        b'`' => Encoding::BACK_QUOTE,
        b'|' => Encoding::PIPE,
        _ => Encoding::NONE,
    };
    class.bits()
}

/// The classes that replace `raw` as the first character.
pub(super) const fn leftmost(raw: u8) -> u64 {
    let class = match raw {
        b' ' => Encoding::LEFT_SPACE,
        b'.' => Encoding::LEFT_PERIOD,
        b'~' => Encoding::LEFT_TILDE,
        b'\t' | b'\n' | 0x0B | b'\r' => Encoding::LEFT_CR_LF_HT_VT,
        _ => Encoding::NONE,
    };
    class.bits()
}

/// The classes that replace `raw` as the last character.
pub(super) const fn rightmost(raw: u8) -> u64 {
    let class = match raw {
        b' ' => Encoding::RIGHT_SPACE,
        b'.' => Encoding::RIGHT_PERIOD,
        b'\t' | b'\n' | 0x0B | b'\r' => Encoding::RIGHT_CR_LF_HT_VT,
        _ => Encoding::NONE,
    };
    class.bits()
}

/// The look-alike of an ASCII character: U+2400 + code for controls and the space, U+2421 for DEL, the fullwidth form
/// (code + 0xFEE0) for the rest.
pub(super) const fn of(raw: u8) -> [u8; 3] {
    match raw {
        0..=0x20 => [0xE2, 0x90, 0x80 + raw],
        0x7F => [0xE2, 0x90, 0xA1],
        _ => {
            let offset = raw - 0x20;
            [0xEF, 0xBC + (offset >> 6), 0x80 | (offset & 0x3F)]
        }
    }
}

/// The ASCII character whose look-alike `text` starts with; the reverse of [`of`].
///
/// It is safe on bytes that are not valid UTF-8: the lead bytes occur nowhere else in a valid character, so three
/// matching bytes are a character.
pub(super) const fn original(text: &[u8]) -> Option<u8> {
    match text {
        [0xE2, 0x90, low @ 0x80..=0xA0, ..] => Some(*low - 0x80),
        [0xE2, 0x90, 0xA1, ..] => Some(0x7F),
        [0xEF, 0xBC, low @ 0x81..=0xBF, ..] => Some(*low - 0x60),
        [0xEF, 0xBD, low @ 0x80..=0x9E, ..] => Some(*low - 0x20),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_ascii_character_with_a_class_is_the_original_of_its_lookalike() {
        for raw in 0..0x80 {
            if anywhere(raw) | leftmost(raw) | rightmost(raw) != 0 {
                assert_eq!(original(&of(raw)), Some(raw), "{raw:#x}");
            }
        }
    }

    #[test]
    fn neighbours_of_the_lookalikes_have_no_original() {
        for character in ['\u{23FF}', '\u{2422}', '\u{FF00}', '\u{FF5F}', '\u{201B}'] {
            assert_eq!(original(character.to_string().as_bytes()), None);
        }
    }
}
