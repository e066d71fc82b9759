//! What our `remote` prints beside the newest rclone that knows the service, byte for byte, and the exit code.

use tests::interop::{
    acd::Acd,
    jotta::Jotta,
    koofr::Koofr,
    stage::Service,
    stock::stocked,
    tool::{Output, Program},
};

/// Questions that all services answer; the tree is in `REMOTE:stock`.
const QUESTIONS: &[&[&str]] = &[
    &["lsjson", "REMOTE:stock"],
    &["lsjson", "--hash", "REMOTE:stock/dir"],
    &[
        "lsjson",
        "--hash-type",
        "md5",
        "--hash-type",
        "sha1",
        "REMOTE:stock",
    ],
    &["lsjson", "--hash-type", "SHA256", "REMOTE:stock/ten.txt"],
    &["lsjson", "--files-only", "--no-modtime", "REMOTE:stock"],
    &["lsjson", "--dirs-only", "--no-mimetype", "REMOTE:stock"],
    &["lsjson", "REMOTE:stock/hollow"],
    &["lsjson", "--stat", "--hash", "REMOTE:stock/ten.txt"],
    &["lsjson", "--stat", "--files-only", "REMOTE:stock/dir"],
    &["ls", "REMOTE:stock/ten.txt"],
    &["cat", "--head", "3", "REMOTE:stock/ten.txt"],
    &["cat", "--tail", "3", "REMOTE:stock/ten.txt"],
    &["cat", "--head", "0", "REMOTE:stock/ten.txt"],
];

/// Questions that rclone 1.60.1 does not know or answers otherwise.
const NEWER_QUESTIONS: &[&[&str]] = &[
    &["lsjson", "--max-depth", "1", "REMOTE:/stock/./dir/"],
    &["cat", "--separator", "|", "REMOTE:stock/ten.txt"],
    &["cat", "--separator", "|", "REMOTE:stock/hollow"],
    &["size", "REMOTE:stock"],
    &["about", "REMOTE:"],
    &["about", "--json", "REMOTE:"],
];

/// Questions with answers in an order that nobody promises. Media types are left out where the depth is limited: rclone then asks Jottacloud folder by folder,
/// whose answers have them, and we for the tree, whose answer has none.
const IN_ANY_ORDER: &[&[&str]] = &[
    &["lsjson", "-R", "--hash", "REMOTE:stock"],
    &[
        "lsjson",
        "-R",
        "--files-only",
        "--no-mimetype",
        "--max-depth",
        "2",
        "REMOTE:stock",
    ],
    &[
        "lsjson",
        "--no-mimetype",
        "--max-depth",
        "0",
        "REMOTE:stock/dir",
    ],
    &["ls", "REMOTE:stock"],
    &["ls", "--max-depth", "1", "REMOTE:stock"],
];

async fn is_printed_by_both<S: Service>(more: &[&[&str]]) {
    let (stage, theirs) = stocked::<S>(S::newest()).await;
    let ours = stage.tool(Program::Ours);
    let ask = async |question: &[&str]| {
        let words: Vec<String> = question
            .iter()
            .map(|word| match word.strip_prefix("REMOTE:") {
                Some(path) => stage.at(path),
                None => (*word).to_owned(),
            })
            .collect();
        tokio::join!(theirs.run(&words), ours.run(&words))
    };
    for question in QUESTIONS.iter().chain(more) {
        let (their, our) = ask(question).await;
        assert_eq!(our.code, their.code, "{our:?}\n{their:?}");
        // A listing of nothing is begun by rclone before it looks.
        if their.code == Some(0) {
            assert_eq!(our.text(), their.text(), "{question:?}");
        }
    }
    // The comma behind an entry depends on the order.
    let lines = |output: Output| -> Vec<String> {
        let lines = output.success().sorted_lines().into_iter();
        lines
            .map(|line| line.trim_end_matches(',').to_owned())
            .collect()
    };
    for question in IN_ANY_ORDER {
        let (their, our) = ask(question).await;
        let (mut their, mut our) = (lines(their), lines(our));
        their.sort();
        our.sort();
        assert_eq!(our, their, "{question:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn koofr_is_told_about_in_the_same_bytes() {
    is_printed_by_both::<Koofr>(NEWER_QUESTIONS).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn jottacloud_is_told_about_in_the_same_bytes() {
    is_printed_by_both::<Jotta>(NEWER_QUESTIONS).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn amazon_drive_is_told_about_in_the_same_bytes() {
    is_printed_by_both::<Acd>(&[]).await;
}
