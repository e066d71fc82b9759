//! Edits in place: what changes, what stays, and what is refused.

#![expect(clippy::unwrap_used, reason = "a failed step fails the test")]

use remote_config::{
    Config, Error,
    document::{Document, EditError},
};

fn edited(text: &str, edit: impl FnOnce(&mut Document)) -> String {
    let mut document = Document::parse(text.as_bytes()).unwrap();
    edit(&mut document);
    let bytes = document.to_bytes();
    // What the document says of itself is what a reader of its text finds.
    let reread = Document::parse(&bytes).unwrap();
    assert_eq!(reread, document);
    for section in document.sections() {
        assert_eq!(
            reread.keys(section).collect::<Vec<_>>(),
            document.keys(section).collect::<Vec<_>>()
        );
    }
    String::from_utf8(bytes).unwrap()
}

fn set(text: &str, section: &str, key: &str, value: &str) -> String {
    edited(text, |document| document.set(section, key, value).unwrap())
}

#[test]
fn a_changed_value_keeps_the_rest_of_its_line() {
    for (before, after) in [
        ("[a]\n  k=v\n", "[a]\n  k=new\n"),
        ("[a]\r\nk : v \t\r\n", "[a]\r\nk : new \t\r\n"),
        ("[a]\nk = `v` rest\n", "[a]\nk = new\n"),
        ("[a]\n\"k\" junk = v", "[a]\n\"k\" junk = new"),
        ("[a]\nk =\n", "[a]\nk = new\n"),
        ("[a]\nk = \n", "[a]\nk = new\n"),
        ("[a]\nk=\n", "[a]\nk=new\n"),
        (
            "[a]\nk = 1\nk = 2\n[b]\n[a]\nk = 3\n",
            "[a]\nk = 1\nk = 2\n[b]\n[a]\nk = new\n",
        ),
    ] {
        assert_eq!(set(before, "a", "k", "new"), after, "{before:?}");
    }
}

#[test]
fn an_unchanged_value_changes_nothing() {
    let text = "[a]\n k:`v`  \n";
    assert_eq!(set(text, "a", "k", "v"), text);
}

#[test]
fn a_new_key_goes_to_the_end_of_its_section() {
    for (before, after) in [
        (
            "[a]\nx = 1\n\n# about b\n[b]\ny = 2\n",
            "[a]\nx = 1\nk = v\n\n# about b\n[b]\ny = 2\n",
        ),
        ("[a]", "[a]\nk = v\n"),
        ("[a]\r\nx=1\r\n", "[a]\r\nx=1\r\nk = v\r\n"),
        (
            "[a]\nx = 1\n[b]\n[a]\n# none\n",
            "[a]\nx = 1\n[b]\n[a]\nk = v\n# none\n",
        ),
    ] {
        assert_eq!(set(before, "a", "k", "v"), after, "{before:?}");
    }
}

#[test]
fn a_new_section_goes_to_the_end_in_the_form_rclone_writes() {
    assert_eq!(set("", "a", "k", "v"), "[a]\nk = v\n\n");
    assert_eq!(
        set("[b]\nx = 1", "a", "k", "v"),
        "[b]\nx = 1\n\n[a]\nk = v\n\n"
    );
    assert_eq!(
        set("[b]\nx = 1\n\n", "a", "k", "v"),
        "[b]\nx = 1\n\n[a]\nk = v\n\n"
    );
}

#[test]
fn default_comes_first() {
    assert_eq!(
        set("[a]\nx = 1\n", "DEFAULT", "k", "v"),
        "[DEFAULT]\nk = v\n\n[a]\nx = 1\n"
    );
    assert_eq!(
        set("y = 1\n[a]\nx = 1\n", "DEFAULT", "k", "v"),
        "y = 1\nk = v\n[a]\nx = 1\n"
    );
    assert_eq!(
        set("[]\n[a]\n", "DEFAULT", "k", "v"),
        "[DEFAULT]\nk = v\n[a]\n"
    );
}

#[test]
fn removing_takes_the_comments_directly_above_along() {
    let text =
        "# file\n\n# about a\n[a]\n# about k\nk = 1\nk = 2\n# about x\nx = 3\n\n# about b\n[b]\n";
    assert_eq!(
        edited(text, |document| assert!(document.remove("a", "k"))),
        "# file\n\n# about a\n[a]\n# about x\nx = 3\n\n# about b\n[b]\n"
    );
    assert_eq!(
        edited(text, |document| assert!(document.remove_section("a"))),
        "# file\n\n# about b\n[b]\n"
    );
    assert_eq!(
        edited(text, |document| assert!(!document.remove("a", "nosuch"))),
        text
    );
    assert_eq!(
        edited(text, |document| assert!(!document.remove_section("nosuch"))),
        text
    );
}

#[test]
fn a_section_in_pieces_is_removed_as_a_whole() {
    let text = "x = 0\n[a]\nk = 1\n[b]\nk = 1\n[a]\nk = 2\n[DEFAULT]\ny = 1\n";
    assert_eq!(
        edited(text, |document| assert!(document.remove_section("a"))),
        "x = 0\n[b]\nk = 1\n[DEFAULT]\ny = 1\n"
    );
    assert_eq!(
        edited(text, |document| assert!(document.remove_section("DEFAULT"))),
        "[a]\nk = 1\n[b]\nk = 1\n[a]\nk = 2\n"
    );
}

#[test]
fn renaming_keeps_the_place_and_copying_keeps_the_comments() {
    let text = "[ a ]\n# about k\nk=1\n[b]\n[a]\nx = 2";
    assert_eq!(
        edited(text, |document| document.rename_section("a", "c").unwrap()),
        "[ c ]\n# about k\nk=1\n[b]\n[c]\nx = 2"
    );
    assert_eq!(
        edited(text, |document| document.copy_section("a", "c").unwrap()),
        "[ a ]\n# about k\nk=1\n[b]\n[a]\nx = 2\n\n[c]\n# about k\nk=1\nx = 2\n\n"
    );
    let mut document = Document::parse(text.as_bytes()).unwrap();
    assert_eq!(document.rename_section("a", "b"), Err(EditError::Exists));
    assert_eq!(
        document.rename_section("nosuch", "c"),
        Err(EditError::NotFound)
    );
    assert_eq!(
        document.copy_section("a", "DEFAULT"),
        Err(EditError::InvalidSection)
    );
}

#[test]
fn what_would_not_read_back_is_refused() {
    let mut document = Document::new();
    for (section, key, value, error) in [
        ("a", "k", "x\ny", EditError::LineEnd),
        ("a", "k", "x\ry", EditError::LineEnd),
        ("a", "k", "x%(y)sz", EditError::Reference),
        ("a", "k=", "v", EditError::InvalidKey),
        ("a", "", "v", EditError::InvalidKey),
        ("a ", "k", "v", EditError::InvalidSection),
        ("", "k", "v", EditError::InvalidSection),
        ("a\nb", "k", "v", EditError::InvalidSection),
    ] {
        assert_eq!(
            document.set(section, key, value),
            Err(error),
            "{section:?} {key:?} {value:?}"
        );
    }
    assert_eq!(document, Document::new());
}

#[test]
fn new_remotes_need_a_legal_name() {
    let mut config = Config::in_memory(Document::parse(b"[odd:name]\n").unwrap());
    assert!(matches!(
        config.set("x:y", "k", "v"),
        Err(Error::Edit { .. })
    ));
    config.set("odd:name", "k", "v").unwrap();
    config.set("DEFAULT", "k", "v").unwrap();
}

#[test]
fn comments_are_found_across_blank_lines() {
    let document = Document::parse(b"# one\n\n ; two\n[a]\n#k\nk = 1\n# lost\n").unwrap();
    assert_eq!(
        document.comment("a", None).as_deref(),
        Some(&b"# one\n; two"[..])
    );
    assert_eq!(
        document.comment("a", Some(b"k")).as_deref(),
        Some(&b"#k"[..])
    );
    assert_eq!(document.comment("b", None), None);
}

#[test]
fn a_line_that_comes_first_keeps_what_looks_like_a_byte_order_mark() {
    let text = "x = 1\n\u{feff}k = 2\n";
    let after = edited(text, |document| assert!(document.remove("DEFAULT", "x")));
    let document = Document::parse(after.as_bytes()).unwrap();
    assert_eq!(document.raw("DEFAULT", "\u{feff}k"), Some(&b"2"[..]));
}

#[test]
fn a_key_in_the_middle_leaves_the_end_of_the_file_alone() {
    let text = "[a]\r\nx = 1\r\n[b]\ny = 2\n; no line end";
    assert_eq!(
        set(text, "a", "k", "v"),
        "[a]\r\nx = 1\r\nk = v\r\n[b]\ny = 2\n; no line end"
    );
}
