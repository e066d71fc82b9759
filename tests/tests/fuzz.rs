//! The fuzz targets on stable Rust: a fixed number of inputs each, made of the test vectors by random changes that are the same in every
//! run, and inputs of hostile shapes at sizes at which anything worse than linear would not come back.
//!
//! `FUZZ_ITERATIONS` sets another number. The input that breaks a promise is printed, and saved beside the test program.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "tests may unwrap, and say what failed"
)]

#[path = "../../fuzz/src/lib.rs"]
#[expect(unreachable_pub, reason = "a library where it is at home")]
mod targets;

use std::{
    env, fs,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    path::{Path, PathBuf},
};

use serde_json::Value;

const ITERATIONS: usize = 3000;
/// Large enough for every structure, small enough for many inputs.
const MAX_BYTES: usize = 16 << 10;
const MIB: usize = 1 << 20;

/// Pieces that mean something in one of the formats.
const WORDS: [&str; 52] = [
    "[",
    "]",
    "[a.b]",
    "[DEFAULT]",
    "\n",
    "\r\n",
    "\r",
    " = ",
    ":",
    ",",
    "#",
    ";",
    "`",
    "\"",
    "\"\"\"",
    "'",
    "%(x)s",
    "%(",
    ")s",
    "-",
    "\u{feff}",
    "\u{3000}",
    "\0",
    "\\",
    "/",
    "..",
    "type",
    "RCLONE_ENCRYPT_V0:\n",
    "RCLONE_ENCRYPT_V1:",
    "A",
    "==",
    "{\"access_token\":\"",
    "\"}",
    "null",
    "0001-01-01T00:00:00Z",
    "-1e999",
    "<",
    "/>",
    "</",
    "<file name=\"",
    "<folder>",
    "</folder>",
    "<path>",
    "<stats><folders>1</folders><files>1</files></stats>",
    "<currentRevision>",
    "&amp;",
    "&#",
    "<![CDATA[",
    "]]>",
    "<!--",
    "<?xml version=\"1.0\" encoding=\"x\"?>",
    "2026-01-02-T03:04:05Z",
];

/// A generator of numbers that are the same in every run: `SplitMix64`.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`, which is not zero.
    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).unwrap()
    }

    fn range(&mut self, length: usize) -> std::ops::Range<usize> {
        let start = self.below(length + 1);
        let end = start + self.below((length - start).min(64) + 1);
        start..end
    }
}

/// Changes an input in one place.
fn change(input: &mut Vec<u8>, corpus: &[Vec<u8>], numbers: &mut Numbers) {
    let range = numbers.range(input.len());
    match numbers.below(7) {
        0 if range.start < input.len() => input[range.start] ^= 1 << numbers.below(8),
        1 => drop(input.drain(range)),
        2 => {
            let word = WORDS[numbers.below(WORDS.len())].bytes();
            drop(input.splice(range.start..range.start, word));
        }
        3 => {
            let piece = input[range.clone()].repeat(1 + numbers.below(40));
            drop(input.splice(range, piece));
        }
        4 => {
            let other = &corpus[numbers.below(corpus.len())];
            let piece = other[numbers.range(other.len())].to_vec();
            drop(input.splice(range, piece));
        }
        5 => {
            let other = &corpus[numbers.below(corpus.len())];
            input.truncate(range.start);
            input.extend_from_slice(&other[numbers.range(other.len()).start..]);
        }
        _ => {
            let byte = numbers.next().to_le_bytes()[0];
            input.insert(range.start, byte);
        }
    }
    input.truncate(MAX_BYTES);
}

fn iterations() -> usize {
    let set = env::var("FUZZ_ITERATIONS").ok();
    set.map_or(ITERATIONS, |number| number.parse().unwrap())
}

/// Runs a target with one input; one that breaks a promise is shown.
fn check(name: &str, target: fn(&[u8]), input: &[u8]) {
    let result = catch_unwind(AssertUnwindSafe(|| target(input)));
    if let Err(panic) = result {
        let file = env::temp_dir().join(format!("fuzz-{name}-{}", std::process::id()));
        let saved = fs::write(&file, input).is_ok();
        let shown = String::from_utf8_lossy(&input[..input.len().min(300)]).into_owned();
        eprintln!(
            "{name}: {} bytes, saved: {saved}, {}: {shown:?}",
            input.len(),
            file.display()
        );
        resume_unwind(panic);
    }
}

fn run(name: &str, corpus: &[Vec<u8>]) {
    assert!(corpus.len() > 10, "{name}: {} inputs", corpus.len());
    let target = targets::targets()[name];
    for input in corpus {
        check(name, target, input);
    }
    let seed = name
        .bytes()
        .fold(1, |seed: u64, byte| seed.wrapping_mul(31) ^ u64::from(byte));
    let mut numbers = Numbers(seed);
    for _ in 0..iterations() {
        let mut input = corpus[numbers.below(corpus.len())].clone();
        input.truncate(MAX_BYTES);
        for _ in 0..=numbers.below(6) {
            change(&mut input, corpus, &mut numbers);
        }
        check(name, target, &input);
    }
}

/// The folders of vectors: the samples of the crates and, where it is found, the full set.
fn folders() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut folders = vec![
        root.join("crates/remote-config/testdata"),
        root.join("crates/remote-core/testdata"),
    ];
    let named = env::var_os("VECTORS").map(PathBuf::from);
    let required = named.is_some() || env::var_os("CI").is_some();
    let full = named.unwrap_or_else(|| root.join("../shared/vectors"));
    if full.is_dir() {
        folders.push(full);
    } else {
        assert!(!required, "no vectors in {}", full.display());
    }
    folders
}

/// All files of a folder of the vectors.
fn files(folder: &str, ending: &str) -> Vec<Vec<u8>> {
    let mut paths: Vec<PathBuf> = folders()
        .iter()
        .filter_map(|vectors| fs::read_dir(vectors.join(folder)).ok())
        .flatten()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_string_lossy().ends_with(ending))
        .collect();
    paths.sort();
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

/// A field of all rows of a file.
fn fields(file: &str, field: &str) -> Vec<Vec<u8>> {
    let texts = folders()
        .into_iter()
        .filter_map(|vectors| fs::read_to_string(vectors.join(file)).ok());
    let mut values = Vec::new();
    for text in texts {
        for line in text.lines() {
            let row: Value = serde_json::from_str(line).unwrap();
            values.extend(row[field].as_str().map(|value| value.as_bytes().to_vec()));
        }
    }
    values
}

#[test]
fn file_texts_keep_their_promises() {
    run("file_text", &files("ini", ".conf"));
}

#[test]
fn connection_strings_keep_their_promises() {
    run(
        "connection_string",
        &fields("connection_strings.jsonl", "input"),
    );
}

#[test]
fn obscured_values_keep_their_promises() {
    run("obscured_value", &fields("obscure.jsonl", "obscured"));
}

#[test]
fn encrypted_files_keep_their_promises() {
    let mut corpus = files("encrypted", ".conf");
    corpus.extend(fields("encrypted/index.jsonl", "password"));
    run("encrypted_file", &corpus);
}

#[test]
fn tokens_keep_their_promises() {
    let mut corpus: Vec<Vec<u8>> = [
        r#"{"access_token":"a1b2c3d4e5","token_type":"bearer","refresh_token":"r","expiry":"2026-01-02T03:04:05.678901234+01:00"}"#,
        r#"{"access_token":"<&>\u2028\"\\","expiry":"0001-01-01T00:00:00Z","expires_in":3600}"#,
        r#"{"AccessToken":"old","RefreshToken":"older","Expiry":"2014-03-19T15:26:25.123Z"}"#,
        r#"{"refresh_token":"alone"}"#,
        r#"{"access_token":"a","expiry":"9999-12-31T23:59:59.999999999Z","expires_in":18446744073709551615}"#,
        r#"{"access_token":"a","expiry":"-009999-01-01T00:00:00Z","expires_in":-1.5e300,"unknown":[[{}]]}"#,
        "{}",
        "null",
        "\"text\"",
        "[]",
        "",
    ]
    .map(|text| text.as_bytes().to_vec())
    .into();
    // What the vectors hold of tokens, with the line of the file around it.
    corpus.extend(files("ini", "jottacloud.conf"));
    run("token_json", &corpus);
}

#[test]
fn answers_of_jottacloud_keep_their_promises() {
    let file = r#"<file name="a &amp; b" uuid="u" time="2026-01-05-T09:10:11Z"><path xml:space="preserve">/u/Jotta/Archive</path><publicURI>0f</publicURI>
        <currentRevision><number>10</number><state>COMPLETED</state><created>2026-01-01-T14:52:57Z</created><modified></modified><size>5</size>
        <md5>5d41402abc4b2a76b9719d911017c592</md5></currentRevision><revisions><revision><state>CORRUPT</state></revision></revisions></file>"#;
    let corpus: Vec<Vec<u8>> = [
        file.to_owned(),
        format!("<folder name='x' deleted='2026-01-03-T09:44:04Z'><folders><folder name='y'/></folders><files>{file}{file}</files></folder>"),
        format!("<mountPoint><name xml:space='preserve'>Archive</name><size></size><files>{file}</files></mountPoint>"),
        "<device><name>Jotta</name><type>JOTTA</type><mountPoints><mountPoint><name>A</name><deleted/></mountPoint></mountPoints></device>".to_owned(),
        "<user><username>u</username><capacity>-1</capacity><devices><device><name>Jotta</name></device></devices></user>".to_owned(),
        format!("<searchresult><files>{file}</files><metadata first='' max='' total='1'/></searchresult>"),
        "<l><folder><path>/Archive</path></folder><file><path>/Archive/d</path><filename>a</filename><size>1</size></file><stats><folders>2</folders><files>1</files></stats></l>".to_owned(),
        "<error><code>404</code><message>no.NoSuchFileException: x</message><x-id>1</x-id></error>".to_owned(),
        r#"{"code":420,"message":"m","error_id":"IncompleteUploadOpenApiException","x-id":"1"}"#.to_owned(),
        r#"{"state":"INCOMPLETE","upload_url":"https://up.jottacloud.com/u","bytes":5,"resume_pos":0,"md5":"00","modified":-1}"#.to_owned(),
        r#"{"username":"u","usage":1,"quota":-1,"write_locked":false}"#.to_owned(),
        r#"{"id":"a","title":"t","lastModified":1,"photos":[{"id":"p","timestamp":"17","content":"image","file_url":"https://x"}]}"#.to_owned(),
        r#"{"U":"u","ST":"NEW_UPLOAD","TS":1,"D":{"FROM":"/u/Jotta/Archive/a","size":"5","modified":"2026-01-02-T03:04:05Z"}}"#.to_owned(),
        r#"{"token_endpoint":"https://id.example.org/token","authorization_endpoint":"https://id.example.org/auth"}"#.to_owned(),
        "eyJ1c2VybmFtZSI6ImoiLCJ3ZWxsX2tub3duX2xpbmsiOiJodHRwczovL2lkLmV4YW1wbGUub3JnL3giLCJhdXRoX3Rva2VuIjoicyJ9".to_owned(),
        "2026-01-02-T03:04:05+0100".to_owned(),
    ]
    .map(String::into_bytes)
    .into();
    run("jotta_answer", &corpus);
}

/// A line of files that refer to each other: each doubles the one below.
fn bomb(levels: usize, default: bool) -> String {
    let mut text = String::from(if default { "" } else { "[a]\ntype = x\n" });
    text += "x0 = 0123456789\n";
    for level in 1..levels {
        let below = level - 1;
        text += &format!("x{level} = %(x{below})s%(x{below})s\n");
    }
    text + "[b]\ntype = %(x39)s\n"
}

fn shapes() -> Vec<Vec<u8>> {
    let line = |text: &str| text.repeat(MIB / text.len());
    let lines = |text: &str| text.repeat(MIB / 4 / text.len());
    let mut shapes: Vec<String> = [
        "[", "]", "%(", ")s", "%(a)s", "\"", "`", "'", "=", ":", ",", "\\", "/", "../",
    ]
    .map(line)
    .into();
    shapes.extend(
        [
            "k = %(",
            "k = `",
            "k = \"\"\"",
            "[a]\nk = ",
            "a,b=",
            ":a,b='",
            "#",
            "RCLONE_ENCRYPT_V0:\n",
            "{\"access_token\":\"",
            "{\"x\":",
        ]
        .map(|start| start.to_owned() + &line("%(a")),
    );
    shapes.extend([
        lines("\n"),
        lines("k = %(k)s\n"),
        lines("%(a)s = %(b)s\n"),
        lines("[a]\nk = 1\n"),
        lines("- = 1\n"),
        line("{\"a\":"),
        line("[[]"),
        line("a,"),
        line("a=b,"),
        line("\u{3000}"),
        line("\u{301}"),
        format!("[{}]\nk = v\n", "a.".repeat(2000)),
        format!("[a]\nk = {}\n", line("%(x%(y)s)s")),
        format!("[a]\nk = {}\nx = {}\n", line("%(x)s"), "y".repeat(1000)),
        format!("RCLONE_ENCRYPT_V0:\n{}", line("AAAA\n")),
        format!("koofr,x='{}':p", line("''")),
        format!("{{\"access_token\":\"{}\"}}", "<".repeat(60_000)),
        bomb(100, false),
        bomb(100, true),
        line("<a>"),
        line("<a b='"),
        format!("<r a='{}'/>", line("&")),
        format!("<r>{}</r>", lines("&")),
        format!("<r>{}</r>", lines("&amp;")),
        format!("<r {}/>", lines("a='b' ")),
        format!(
            "<folder><files>{}</files></folder>",
            lines("<file name='x'/>")
        ),
        format!("<l>{}</l>", lines("<folder><path>/a/b</path></folder>")),
    ]);
    // A hundred thousand sections; a long chain of sections that inherit; many values that explode.
    shapes.push(
        (0..100_000)
            .map(|section| format!("[s{section}]\ntype = x\n"))
            .collect(),
    );
    shapes.push(
        (1..1000)
            .map(|depth| format!("[{}]\n", ["a"].repeat(depth).join(".")))
            .collect(),
    );
    let exploding = (0..20_000).map(|key| format!("k{key} = %(x30)s\n"));
    shapes.push(bomb(40, true) + "[c]\n" + &exploding.collect::<String>());
    shapes.into_iter().map(String::into_bytes).collect()
}

#[test]
fn hostile_shapes_keep_their_promises() {
    for (name, target) in targets::targets() {
        for shape in shapes() {
            check(name, target, &shape);
        }
    }
}
