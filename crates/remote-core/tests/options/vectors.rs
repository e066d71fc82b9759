//! Option values against the recorded answers of rclone.
//!
//! Origin of the rows: answers of rclone 1.60.1 and 1.75.2; where these differ, 1.75.2 counts. Rows that rclone answers with a
//! meaningless number (overflow, infinities, "not a number") must be refused.

use remote_core::options::{OptionDuration, OptionType, OptionValue, ParseValueError, SizeSuffix};
use serde_json::Value;

fn rows(file: &str) -> impl Iterator<Item = Value> {
    crate::support::sample_and_full(file).into_iter().flatten()
}

fn text<'a>(row: &'a Value, field: &str) -> &'a str {
    row[field]
        .as_str()
        .unwrap_or_else(|| panic!("no text {field} in {row}"))
}

#[test]
fn sizes_read_and_print_like_rclone() {
    for row in rows("sizesuffix.jsonl") {
        match text(&row, "op") {
            "parse" => {
                let parsed: Result<SizeSuffix, ParseValueError> = text(&row, "input").parse();
                if row["ok"] == true && row["overflow"] != true {
                    let size = parsed.unwrap_or_else(|error| panic!("{row}: {error}"));
                    assert_eq!(size.as_i64(), row["value"].as_i64().unwrap(), "{row}");
                    assert_eq!(size.to_string(), text(&row, "string"), "{row}");
                    assert_eq!(size.to_exact().parse(), Ok(size), "{row}");
                } else {
                    assert!(parsed.is_err(), "{row}");
                }
            }
            "format" => {
                let size = SizeSuffix::new(row["value"].as_i64().unwrap());
                assert_eq!(size.to_string(), text(&row, "string"), "{row}");
                assert_eq!(size.with_unit(), text(&row, "with_unit"), "{row}");
            }
            other => panic!("{other}"),
        }
    }
}

#[test]
fn durations_read_and_print_like_rclone() {
    for row in rows("duration.jsonl") {
        match text(&row, "op") {
            "parse" => {
                let parsed: Result<OptionDuration, ParseValueError> = text(&row, "input").parse();
                // The largest value of all is marked as an overflow too, although it fits.
                let fits = row["overflow"] != true || row["input"] == "9223372036854775807ns";
                if row["ok"] != true || !fits {
                    assert!(parsed.is_err(), "{row}");
                    continue;
                }
                let duration = parsed.unwrap_or_else(|error| panic!("{row}: {error}"));
                // What a date means depends on the moment of reading.
                if row["absolute"] != true {
                    assert_eq!(duration.as_nanos(), row["value"].as_i64().unwrap(), "{row}");
                    assert_eq!(duration.to_string(), text(&row, "string"), "{row}");
                }
            }
            "format" => {
                let duration = OptionDuration::from_nanos(row["value"].as_i64().unwrap());
                assert_eq!(duration.to_string(), text(&row, "string"), "{row}");
                assert_eq!(duration.readable(), text(&row, "readable"), "{row}");
                assert_eq!(duration.clock(), text(&row, "clock"), "{row}");
            }
            other => panic!("{other}"),
        }
    }
}

fn option_type(name: &str) -> OptionType {
    match name {
        "bool" => OptionType::Bool,
        "commaseplist" => OptionType::CommaSeparated,
        "float64" => OptionType::Float,
        "int" | "int64" => OptionType::Int,
        "spaceseplist" => OptionType::SpaceSeparated,
        "string" => OptionType::String,
        "stringarray" => OptionType::StringArray,
        "tristate" => OptionType::Tristate,
        "uint32" => OptionType::Uint32,
        other => panic!("{other}"),
    }
}

fn strings(value: &Value) -> Vec<String> {
    let items = value.as_array().into_iter().flatten();
    items
        .map(|item| item.as_str().expect("a list of texts").to_owned())
        .collect()
}

#[test]
fn other_types_read_and_print_like_rclone() {
    for row in rows("types.jsonl") {
        let value_type = option_type(text(&row, "type"));
        if row["op"] == "format" {
            let list = OptionValue::List(value_type, strings(&row["value"]));
            assert_eq!(list.to_string(), text(&row, "string"), "{row}");
            continue;
        }
        let parsed = value_type.parse(text(&row, "input"));
        if row["ok"] != true {
            assert!(parsed.is_err(), "{row}");
            continue;
        }
        match parsed.unwrap_or_else(|error| panic!("{row}: {error}")) {
            OptionValue::Bool(value) => assert_eq!(row["value"], value, "{row}"),
            OptionValue::Int(value) => assert_eq!(row["value"], value, "{row}"),
            OptionValue::Uint32(value) => assert_eq!(row["value"], value, "{row}"),
            OptionValue::List(_, items) => assert_eq!(strings(&row["value"]), items, "{row}"),
            other => assert_eq!(row["value"], other.to_string(), "{row}"),
        }
    }
}
