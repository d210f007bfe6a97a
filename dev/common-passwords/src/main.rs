//! `common-passwords LIST FILTER`: makes the filter of common passwords from a list, one a line. The same list makes the same bytes.
//! `common-passwords LIST`: checks that the filter in `shared` finds every password of the list, in any case.

use std::collections::BTreeSet;
use std::error::Error;
use std::fs;
use std::io::Write;

use shared::passwords::{common_password_key, is_common};
use xorf::{BinaryFuse16, DmaSerializable};

/// The shortest password that any deployment accepts: a shorter one is rejected already.
const MIN_CHARS: usize = 8;
/// What is promised.
const MIN_PASSWORDS: usize = 400_000;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let list = arguments.next().ok_or("LIST is missing")?;
    let list = fs::read_to_string(list)?.to_lowercase();
    let passwords: BTreeSet<&str> = list
        .lines()
        .filter(|password| password.chars().count() >= MIN_CHARS)
        .collect();
    if passwords.len() < MIN_PASSWORDS {
        return Err(format!("only {} passwords", passwords.len()).into());
    }
    match arguments.next() {
        Some(filter) => write(&passwords, &filter)?,
        None => check(&passwords)?,
    }
    writeln!(std::io::stdout(), "{} passwords", passwords.len())?;
    Ok(())
}

fn write(passwords: &BTreeSet<&str>, path: &str) -> Result<(), Box<dyn Error>> {
    // Two passwords may have one key; the filter wants each once.
    let keys: BTreeSet<u64> = passwords
        .iter()
        .map(|password| common_password_key(password))
        .collect();
    let filter = BinaryFuse16::try_from(keys.into_iter().collect::<Vec<_>>())?;
    let mut bytes = vec![0; BinaryFuse16::DESCRIPTOR_LEN];
    filter.dma_copy_descriptor_to(&mut bytes);
    bytes.extend_from_slice(filter.dma_fingerprints());
    Ok(fs::write(path, bytes)?)
}

fn check(passwords: &BTreeSet<&str>) -> Result<(), Box<dyn Error>> {
    let is_found = |password: &&str| is_common(password) && is_common(&password.to_uppercase());
    match passwords.iter().position(|password| !is_found(password)) {
        Some(missed) => Err(format!("password {missed} of the list is not found").into()),
        None => Ok(()),
    }
}
