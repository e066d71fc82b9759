//! Numbers in the notations rclone accepts: decimal and hexadecimal floating point, integers with a base prefix.

/// Why a text is not a number of the wanted type.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum NumberError {
    Range,
    Syntax,
}

/// Reads a floating-point number that fills the whole text.
///
/// Decimal with optional sign, fraction and exponent; hexadecimal with a `p` exponent; `_` between digits; `inf`,
/// `infinity` and `nan` in any case. A finite number too large for the type is a range error.
pub(super) fn parse_float(text: &str) -> Result<f64, NumberError> {
    let (negative, body) = split_sign(text);
    let lower = body.to_ascii_lowercase();
    if lower == "inf" || lower == "infinity" {
        return Ok(if negative {
            f64::NEG_INFINITY
        } else {
            f64::INFINITY
        });
    }
    if lower == "nan" && body.len() == text.len() {
        return Ok(f64::NAN);
    }
    let value = match lower.strip_prefix("0x") {
        Some(digits) => hexadecimal_float(digits)?,
        None => decimal_float(&lower)?,
    };
    if value.is_infinite() {
        return Err(NumberError::Range);
    }
    Ok(if negative { -value } else { value })
}

/// Reads a signed integer of the given number of bits: blanks around it, a sign, a base prefix, `_` between digits.
pub(super) fn parse_signed(text: &str, bits: u32) -> Result<i64, NumberError> {
    let token = single_token(text)?;
    let (negative, body) = split_sign(token);
    let magnitude = i128::from(magnitude(body)?);
    let value = if negative { -magnitude } else { magnitude };
    let limit = 1i128 << (bits - 1);
    if value < -limit || value >= limit {
        return Err(NumberError::Range);
    }
    i64::try_from(value).or(Err(NumberError::Range))
}

/// Reads an unsigned integer of the given number of bits; no sign is allowed, not even `+`.
pub(super) fn parse_unsigned(text: &str, bits: u32) -> Result<u64, NumberError> {
    let value = magnitude(single_token(text)?)?;
    if bits < u64::BITS && value >> bits != 0 {
        return Err(NumberError::Range);
    }
    Ok(value)
}

/// Like [`parse_float`], with blanks allowed around the number, as options of type `float64` are read.
pub(super) fn parse_float_option(text: &str) -> Result<f64, NumberError> {
    parse_float(single_token(text)?)
}

/// Prints a number with the fewest digits that read back as the same number.
pub(super) fn format_float(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let scientific = format!("{value:e}");
    let exponent = scientific
        .split_once('e')
        .and_then(|(_, digits)| digits.parse::<i32>().ok());
    match exponent {
        Some(exponent) if !(-4..21).contains(&exponent) && value != 0.0 => {
            let mantissa = scientific
                .split_once('e')
                .map_or("", |(mantissa, _)| mantissa);
            let sign = if exponent < 0 { '-' } else { '+' };
            format!("{mantissa}e{sign}{:02}", exponent.abs())
        }
        _ => format!("{value}"),
    }
}

fn split_sign(text: &str) -> (bool, &str) {
    match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    }
}

/// The text between blanks, up to the first line end; anything after the token but blanks is an error.
fn single_token(text: &str) -> Result<&str, NumberError> {
    let blank = |c: char| c.is_whitespace() && c != '\n';
    let line = text.trim_start_matches(blank);
    let line = line.split_once('\n').map_or(line, |(line, _)| line);
    let token = line.trim_end_matches(blank);
    if token.is_empty() {
        Err(NumberError::Syntax)
    } else {
        Ok(token)
    }
}

fn magnitude(body: &str) -> Result<u64, NumberError> {
    let lower = body.to_ascii_lowercase();
    let (radix, digits, prefixed) = match lower.as_bytes() {
        [b'0', b'x', rest @ ..] => (16, rest, true),
        [b'0', b'o', rest @ ..] => (8, rest, true),
        [b'0', b'b', rest @ ..] => (2, rest, true),
        // A leading zero alone means octal.
        [b'0', rest @ ..] if !rest.is_empty() => (8, rest, true),
        rest => (10, rest, false),
    };
    let is_digit = |byte: u8| char::from(byte).is_digit(radix);
    if !digits_and_underscores(digits, prefixed, is_digit) {
        return Err(NumberError::Syntax);
    }
    let mut value = 0u64;
    for digit in digits
        .iter()
        .filter_map(|&byte| char::from(byte).to_digit(radix))
    {
        value = value
            .checked_mul(u64::from(radix))
            .and_then(|value| value.checked_add(u64::from(digit)))
            .ok_or(NumberError::Range)?;
    }
    Ok(value)
}

/// Whether the bytes are digits with single underscores between them; after a base prefix one may come first.
fn digits_and_underscores(bytes: &[u8], prefixed: bool, is_digit: impl Fn(u8) -> bool) -> bool {
    let mut after_digit = prefixed;
    let mut any = false;
    for &byte in bytes {
        if byte == b'_' {
            if !after_digit {
                return false;
            }
            after_digit = false;
        } else if is_digit(byte) {
            after_digit = true;
            any = true;
        } else {
            return false;
        }
    }
    any && after_digit
}

/// The three parts of a floating-point text: digits before the point, after it, and the exponent.
struct Parts<'a> {
    whole: &'a str,
    fraction: &'a str,
    exponent: Option<&'a str>,
}

fn split_parts(text: &str, exponent_mark: char) -> Parts<'_> {
    let (mantissa, exponent) = match text.split_once(exponent_mark) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    Parts {
        whole,
        fraction,
        exponent,
    }
}

fn decimal_float(lower: &str) -> Result<f64, NumberError> {
    let parts = split_parts(lower, 'e');
    check_mantissa(&parts, false, |byte| byte.is_ascii_digit())?;
    if let Some(exponent) = parts.exponent {
        check_exponent(exponent)?;
    }
    let plain: String = lower.chars().filter(|&c| c != '_').collect();
    plain.parse().or(Err(NumberError::Syntax))
}

fn check_mantissa(
    parts: &Parts<'_>,
    prefixed: bool,
    is_digit: impl Fn(u8) -> bool + Copy,
) -> Result<(), NumberError> {
    let whole_ok = parts.whole.is_empty()
        || digits_and_underscores(parts.whole.as_bytes(), prefixed, is_digit);
    let fraction_ok = parts.fraction.is_empty()
        || digits_and_underscores(parts.fraction.as_bytes(), false, is_digit);
    let some_digit = !parts.whole.is_empty() || !parts.fraction.is_empty();
    if whole_ok && fraction_ok && some_digit {
        Ok(())
    } else {
        Err(NumberError::Syntax)
    }
}

/// Reads an exponent; one beyond what any number can use is cut to a size that cannot overflow arithmetic.
fn check_exponent(text: &str) -> Result<i64, NumberError> {
    const ENOUGH: i64 = 1_000_000_000;
    let (negative, digits) = split_sign(text);
    if !digits_and_underscores(digits.as_bytes(), false, |byte| byte.is_ascii_digit()) {
        return Err(NumberError::Syntax);
    }
    let value = digits
        .bytes()
        .filter(u8::is_ascii_digit)
        .fold(0i64, |value, digit| {
            (value * 10 + i64::from(digit - b'0')).min(ENOUGH)
        });
    Ok(if negative { -value } else { value })
}

fn hexadecimal_float(lower: &str) -> Result<f64, NumberError> {
    let parts = split_parts(lower, 'p');
    check_mantissa(&parts, true, |byte| byte.is_ascii_hexdigit())?;
    let exponent = check_exponent(parts.exponent.ok_or(NumberError::Syntax)?)?;
    let mut mantissa = 0u64;
    let mut shift = 0i64;
    let mut add = |digit: u64, step: i64| {
        if mantissa >> 60 == 0 {
            mantissa = mantissa << 4 | digit;
            shift += step;
        } else {
            // Digits beyond the precision only matter for rounding: remember whether one of them was not zero.
            mantissa |= u64::from(digit != 0);
            shift += step + 4;
        }
    };
    for digit in hex_digits(parts.whole) {
        add(digit, 0);
    }
    for digit in hex_digits(parts.fraction) {
        add(digit, -4);
    }
    Ok(scale_by_power_of_two(mantissa, exponent + shift))
}

fn hex_digits(text: &str) -> impl Iterator<Item = u64> + '_ {
    text.chars().filter_map(|c| c.to_digit(16)).map(u64::from)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "rounding to the nearest double is the purpose"
)]
fn scale_by_power_of_two(mantissa: u64, exponent: i64) -> f64 {
    let mut value = mantissa as f64;
    // Two halves, so that neither factor overflows or vanishes while the product would not.
    let exponent = i32::try_from(exponent.clamp(-2400, 2400)).unwrap_or(0);
    for part in [exponent / 2, exponent - exponent / 2] {
        value *= 2f64.powi(part / 2);
        value *= 2f64.powi(part - part / 2);
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_follow_the_accepted_notations() {
        for (text, value) in [
            ("1", 1.0),
            ("-1.5e2", -150.0),
            (".5", 0.5),
            ("5.", 5.0),
            ("1_0.5_0", 10.5),
            ("0x1p4", 16.0),
            ("0x_1.8p1", 3.0),
            ("+0X.8P1", 1.0),
            ("0x1p-1074", 5e-324),
        ] {
            assert_eq!(parse_float(text), Ok(value), "{text}");
        }
        for text in [
            "", ".", "+", "_1", "1_", "1__0", "1_.5", "0x10", "0xp1", "1e", "e1", "1e+", "+nan",
            "١", " 1", "0b1p1",
        ] {
            assert_eq!(parse_float(text), Err(NumberError::Syntax), "{text}");
        }
        assert_eq!(parse_float("1e400"), Err(NumberError::Range));
        assert_eq!(
            parse_float("0x1p99999999999999999999"),
            Err(NumberError::Range)
        );
        assert_eq!(parse_float("1e-400"), Ok(0.0));
    }

    #[test]
    fn hexadecimal_digits_beyond_the_precision_round_to_even() {
        assert_eq!(parse_float("0x1.00000000000008p0"), Ok(1.0));
        assert_eq!(
            parse_float("0x1.000000000000080000001p0"),
            Ok(1.0 + f64::EPSILON)
        );
    }

    #[test]
    fn floats_print_with_the_fewest_digits() {
        for (value, text) in [
            (0.0, "0"),
            (1.5, "1.5"),
            (-2000.0, "-2000"),
            (1e21, "1e+21"),
            (1.5e-7, "1.5e-07"),
            (f64::INFINITY, "+Inf"),
        ] {
            assert_eq!(format_float(value), text);
        }
    }

    #[test]
    fn integers_check_their_range() {
        assert_eq!(parse_signed(" -0x80 ", 8), Ok(-128));
        assert_eq!(parse_signed("128", 8), Err(NumberError::Range));
        assert_eq!(parse_signed("0", 64), Ok(0));
        assert_eq!(parse_unsigned("18446744073709551615", 64), Ok(u64::MAX));
        assert_eq!(parse_unsigned("256", 8), Err(NumberError::Range));
        assert_eq!(parse_unsigned("+1", 8), Err(NumberError::Syntax));
    }
}
