//! Cost of one name: the listing of a million entries decodes a million of them.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use remote_core::encoding::Encoding;

/// What Koofr needs: `Slash,BackSlash,Del,Ctl,InvalidUtf8,Dot`.
const KOOFR: Encoding = Encoding::from_bits(0x301_A002);

const NAMES: [(&str, &[u8]); 4] = [
    ("ascii", b"IMG_20240131_174502-edited (1).jpeg"),
    ("accents", "Übersicht der Gebühren für März.pdf".as_bytes()),
    ("lookalikes", "ＡＣ／ＤＣ：Ｌｉｖｅ？‛．mp3".as_bytes()),
    ("invalid", b"caf\xE9 au lait \\ cr\xE8me.txt"),
];

fn names(criterion: &mut Criterion) {
    for (label, name) in NAMES {
        let mut group = criterion.benchmark_group(label);
        group.throughput(Throughput::Bytes(name.len() as u64));
        group.bench_function("encode", |bencher| {
            bencher.iter(|| KOOFR.encode(black_box(name)).len());
        });
        let stored = KOOFR.encode(name);
        group.bench_function("decode", |bencher| {
            bencher.iter(|| KOOFR.decode(black_box(&stored)).len());
        });
        group.bench_function("to_standard_name", |bencher| {
            bencher.iter(|| KOOFR.to_standard_name(black_box(&stored)).len());
        });
        group.finish();
    }
}

criterion_group!(benches, names);
criterion_main!(benches);
