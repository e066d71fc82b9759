#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::obscured_value(data));
