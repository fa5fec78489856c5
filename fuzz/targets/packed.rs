#![no_main]
libfuzzer_sys::fuzz_target!(|content: &[u8]| fuzz::any(content));
