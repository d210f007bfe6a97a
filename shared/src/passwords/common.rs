//! Passwords that are common or were breached. A binary fuse filter stands in the program: it needs no network, finds every
//! password of the [list](https://github.com/danielmiessler/SecLists) that it was made of, and one of about 65,000 others.

use aws_lc_rs::digest::{SHA256, digest};
use xorf::{BinaryFuse16, BinaryFuse16Ref, DmaSerializable, Filter, FilterRef};
use zeroize::Zeroizing;

use crate::unicode::nfkc;

/// The filter's fingerprints are read in place as numbers of two bytes, little-endian as on x86-64 and ARM.
#[repr(C, align(2))]
struct Aligned<T: ?Sized>(T);

/// Where it is from: `common/README.md`.
static FILTER: &Aligned<[u8]> = &Aligned(*include_bytes!("common/filter.bin"));

/// Returns the form in which passwords are compared: after NFKC, in lower case.
pub(super) fn compared(password: &str) -> Zeroizing<String> {
    Zeroizing::new(nfkc(password).to_lowercase())
}

/// Returns the key of a password in the filter. Cases and compatibility forms of one password have one key.
pub fn common_password_key(password: &str) -> u64 {
    let hash = digest(&SHA256, compared(password).as_bytes());
    let (first, _) = hash.as_ref().split_at(size_of::<u64>());
    first
        .iter()
        .rev()
        .fold(0, |key, byte| (key << 8) | u64::from(*byte))
}

/// Reports whether a password is in the list, in any case.
pub fn is_common(password: &str) -> bool {
    let (descriptor, fingerprints) = FILTER.0.split_at(BinaryFuse16::DESCRIPTOR_LEN);
    BinaryFuse16Ref::from_dma(descriptor, fingerprints).contains(&common_password_key(password))
}
