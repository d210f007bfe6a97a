//! Hashes that other systems' own libraries made, `hashes/*.json`; `hashes/make` makes them again.

use std::collections::BTreeSet;
use std::path::Path;

use serde::Deserialize;
use shared::passwords::{FirebaseParameters, HashCost, LogInBudget, StoredHash, Verdict, hash_formats};

use super::password::{TODAY, verify};

/// The password of most hashes.
pub(crate) const PASSWORD: &str = "correct horse battery";

#[derive(Deserialize)]
struct File {
    parameters: Option<Parameters>,
    hashes: Vec<Row>,
}

#[derive(Deserialize)]
struct Parameters {
    base64_signer_key: String,
    base64_salt_separator: String,
    rounds: u32,
    mem_cost: u32,
}

#[derive(Deserialize)]
struct Row {
    format: String,
    password: String,
    hash: String,
    salt: Option<String>,
}

/// A hash that was imported.
pub(crate) struct Imported {
    pub(crate) format: String,
    pub(crate) password: String,
    pub(crate) stored: StoredHash,
}

impl Imported {
    fn new(row: Row, parameters: Option<&Parameters>) -> Self {
        let stored = match (parameters, row.salt) {
            (Some(firebase), Some(salt)) => FirebaseParameters::parse(
                &firebase.base64_signer_key,
                &firebase.base64_salt_separator,
                firebase.rounds,
                firebase.mem_cost,
            )
            .and_then(|parameters| parameters.stored_hash(&row.hash, &salt)),
            _ => StoredHash::parse(&row.hash),
        };
        let stored = stored.map_err(|violation| (&row.hash, violation)).unwrap();
        if !row.hash.starts_with('{') && parameters.is_none() {
            assert_eq!(stored.as_str(), row.hash, "an export brings the same bytes back");
        }
        Self {
            format: row.format,
            password: row.password,
            stored,
        }
    }
}

/// Returns the hashes of all libraries.
pub(crate) fn imported() -> Vec<Imported> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/shared/hashes");
    let mut imported = Vec::new();
    for entry in folder.read_dir().unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let file: File = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
            let parameters = file.parameters.as_ref();
            imported.extend(file.hashes.into_iter().map(|row| Imported::new(row, parameters)));
        }
    }
    imported
}

#[tokio::test]
async fn hashes_of_real_libraries_verify_as_typed_and_are_renewed() {
    let mut seen = BTreeSet::new();
    for hash in imported() {
        let text = hash.stored.as_str();
        assert_eq!(hash.stored.format(), hash.format, "{text}");
        let right = verify(&hash.password, text).await;
        // Where WordPress trimmed, renewing would freeze what it trimmed.
        let trims = text.starts_with("$wp$") || text.starts_with("$P$");
        let renew = !trims || hash.password.trim() == hash.password;
        assert_eq!(right, Verdict::Right { renew }, "{text}");
        if trims {
            let trimmed = verify(hash.password.trim(), text).await;
            assert_eq!(trimmed, Verdict::Right { renew: true }, "{text}");
        }
        let wrong = verify(&format!("{}x", hash.password), text).await;
        assert_eq!(wrong, Verdict::Wrong, "{text}");
        seen.insert(hash.format);
    }
    let all: BTreeSet<String> = hash_formats().map(|(name, _)| name.to_owned()).collect();
    assert_eq!(seen, all, "each format has a hash of a real library");
}

/// For each format a hash that is well-formed and asks for more than its bounds.
const DEAR: [&str; 25] = [
    "$argon2id$v=19$m=1048576,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$RdescudvJCsgt3ub+b5dWRWJTmaaJObG4q4PLYfBvRM",
    "$argon2id$v=19$m=19456,t=17,p=1$c29tZXNhbHRzb21lc2FsdA$RdescudvJCsgt3ub+b5dWRWJTmaaJObG4q4PLYfBvRM",
    "$argon2i$v=19$m=19456,t=2,p=17$c29tZXNhbHRzb21lc2FsdA$RdescudvJCsgt3ub+b5dWRWJTmaaJObG4q4PLYfBvRM",
    "$2b$15$dQD2AD2Y.Aa8F3IliHPfk.yNESW7FZe3RmeT38K661sg/vds404ga",
    "bcrypt$$2b$15$dQD2AD2Y.Aa8F3IliHPfk.yNESW7FZe3RmeT38K661sg/vds404ga",
    "bcrypt_sha256$$2b$15$dQD2AD2Y.Aa8F3IliHPfk.yNESW7FZe3RmeT38K661sg/vds404ga",
    "$wp$2y$15$dQD2AD2Y.Aa8F3IliHPfk.yNESW7FZe3RmeT38K661sg/vds404ga",
    "$pbkdf2$2000001$c29tZXNhbHRzb21lc2FsdA$RdescudvJCsgt3ub.b5dWRWJTmY",
    "$pbkdf2-sha256$i=4294967295$c29tZXNhbHRzb21lc2FsdA$RdescudvJCsgt3ub+b5dWRWJTmaaJObG4q4PLYfBvRM",
    "$pbkdf2-sha256$99999999999$c29tZXNhbHRzb21lc2FsdA$RdescudvJCsgt3ub.b5dWRWJTmaaJObG4q4PLYfBvRM",
    "$pbkdf2-sha512$1000001$c29tZXNhbHRzb21lc2FsdA$RdescudvJCsgt3ub.b5dWRWJTmaaJObG4q4PLYfBvRM",
    "pbkdf2_sha256$2000001$salt$RdescudvJCsgt3ub+b5dWRWJTmaaJObG4q4PLYfBvRM=",
    "pbkdf2:sha256:2000001$salt$45d7ac72e76f242b20b77b9bf9be5d5915894e669a24e6c6e2ae0f2d87c1bd13",
    // ASP.NET Core's vector of 250 iterations, with 2^32 - 1.
    "AQAAAAD/////AAAAEAhftMyfTJylOlZT+eEotFXd1elee8ih5WsjXaR3PA9M",
    "$scrypt$ln=17,r=8,p=1$c29tZXNhbHRzb21lc2FsdA$RdescudvJCsgt3ub+b5dWRWJTmaaJObG4q4PLYfBvRM",
    "scrypt$16384$salt$8$17$RdescudvJCsgt3ub+b5dWRWJTmaaJObG4q4PLYfBvRM=",
    "scrypt:1073741824:4294967295:4294967295$salt$45d7ac72e76f242b20b77b9bf9be5d5915894e669a24e6c6e2ae0f2d87c1bd13",
    // Whose array is small, and whose p blocks take the memory and the time.
    "$scrypt$ln=1,r=262144,p=4$c29tZXNhbHRzb21lc2FsdA$RdescudvJCsgt3ub+b5dWRWJTmaaJObG4q4PLYfBvRM",
    "$scrypt$ln=1,r=1,p=1048576$c29tZXNhbHRzb21lc2FsdA$RdescudvJCsgt3ub+b5dWRWJTmaaJObG4q4PLYfBvRM",
    "$scrypt$ln=1,r=1,p=262144$c29tZXNhbHRzb21lc2FsdA$RdescudvJCsgt3ub+b5dWRWJTmaaJObG4q4PLYfBvRM",
    "scrypt$2$salt$1$1048576$RdescudvJCsgt3ub+b5dWRWJTmaaJObG4q4PLYfBvRM=",
    "scrypt:2:1:1048576$salt$45d7ac72e76f242b20b77b9bf9be5d5915894e669a24e6c6e2ae0f2d87c1bd13",
    "$firebase-scrypt$ln=64,r=8$c29tZXNhbHRzb21lc2FsdA$RdescudvJCsgt3ub+b5dWRWJTmaaJObG4q4PLYfBvRM",
    "$6$rounds=1000001$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1",
    "$P$IsaltsaltRwoXxEaSbPqTXwgqOdlh10",
];

#[tokio::test]
async fn a_row_of_no_format_can_ask_for_more_than_the_bounds() {
    let mut seen = BTreeSet::new();
    for dear in DEAR {
        assert_eq!(verify(PASSWORD, dear).await, Verdict::Unreadable, "{dear}");
        let violation = StoredHash::parse(dear).unwrap_err();
        assert!(
            violation.message.starts_with("Must ask for no more than"),
            "{dear}: {violation:?}"
        );
        assert!(!violation.message.contains(dear));
        seen.insert(StoredHash::from_store(dear.to_owned()).format());
    }
    let all: BTreeSet<&str> = hash_formats().map(|(name, _)| name).collect();
    assert_eq!(seen, all, "each format has bounds");
}

/// Texts that are not read, and what is said of them.
const REFUSED: [(&str, &str); 9] = [
    // No password has a cost below 4, and a cost is two digits.
    (
        "$2b$03$dQD2AD2Y.Aa8F3IliHPfk.yNESW7FZe3RmeT38K661sg/vds404ga",
        "Must be a well-formed hash: bcrypt",
    ),
    (
        "$2b$+4$dQD2AD2Y.Aa8F3IliHPfk.yNESW7FZe3RmeT38K661sg/vds404ga",
        "Must be a well-formed hash: bcrypt",
    ),
    (
        "$wp$2b$04$Nt2fi7H6p92whAC4cjHqkuWvGK4aIsFOY.9DsF3ksMPrFlQxCwdkq",
        "Must be a password hash of a format that is read",
    ),
    // Spring's.
    (
        "{bcrypt}$2b$12$dQD2AD2Y.Aa8F3IliHPfk.yNESW7FZe3RmeT38K661sg/vds404ga",
        "Must be a password hash of a format that is read",
    ),
    (
        r#"{"type": "password"}"#,
        "Must be a password credential of Keycloak's",
    ),
    // argon2-cffi's profile CHEAPEST, whose output is right by chance once in 2^32.
    (
        "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$qqqqqg",
        "Must have an output of at least 16 bytes: Argon2",
    ),
    (
        "$scrypt$ln=10,r=8,p=1$c2FsdHNhbHQ$qqqqqqqqqqqqqqqqqqqq",
        "Must have an output of at least 16 bytes: scrypt of PHC and passlib",
    ),
    // A parameter that stands twice, and one that has a sign.
    (
        "$scrypt$ln=10,ln=11,r=8,p=1$c2FsdHNhbHQ$RdescudvJCsgt3ub+b5dWRWJTmaaJObG4q4PLYfBvRM",
        "Must be a well-formed hash: scrypt of PHC and passlib",
    ),
    (
        "$pbkdf2-sha256$i=+1000$c2FsdHNhbHQ$RdescudvJCsgt3ub+b5dWRWJTmaaJObG4q4PLYfBvRM",
        "Must be a well-formed hash: PBKDF2 of PHC and passlib",
    ),
];

#[tokio::test]
async fn what_is_not_read_is_refused_with_the_rule_that_it_breaks() {
    for (text, message) in REFUSED {
        assert_eq!(StoredHash::parse(text).unwrap_err().message, message, "{text}");
        assert_eq!(verify(PASSWORD, text).await, Verdict::Unreadable, "{text}");
    }
}

#[tokio::test]
async fn a_hash_that_lost_a_part_is_refused_and_never_repeated() {
    for hash in imported() {
        let text = hash.stored.as_str();
        let start = text.rfind(['$', ':']).map_or(text.len() / 2, |field| field + 1);
        for cut in [&text[..start / 2], &text[..start], &text[..start + 5]] {
            let violation = StoredHash::parse(cut).unwrap_err();
            assert!(!violation.message.contains(cut), "{violation:?}");
            assert_eq!(verify(&hash.password, cut).await, Verdict::Unreadable, "{cut}");
        }
    }
    for credential in ["{", "{}", r#"{"credentialData":"{}","secretData":"{}"}"#] {
        let violation = StoredHash::parse(credential).unwrap_err();
        assert!(!violation.message.contains(credential));
    }
    let parameters = FirebaseParameters::parse("c2lnbmVyIGtleQ==", "Bw==", 8, 14).unwrap();
    assert!(parameters.stored_hash("c2hvcnQ=", "42xEC+ixf3L2lw==").is_err());
    assert!(FirebaseParameters::parse("!", "Bw==", 8, 14).is_err());
}

#[tokio::test]
async fn a_long_password_does_not_multiply_the_time_of_sha_2_crypt() {
    // By passlib's default of rounds, of a password of 336 bytes: the right one would take seconds.
    let stored = include_str!("hashes/long.txt").trim();
    assert!(StoredHash::parse(stored).is_ok());
    assert_eq!(verify(&PASSWORD.repeat(16), stored).await, Verdict::Wrong);
}

#[test]
fn hashes_dearer_than_the_budget_are_known_by_their_parameters() {
    let is_dear =
        |text: &str, cost: HashCost| LogInBudget::is_exceeded_by(&StoredHash::parse(text).unwrap(), cost);
    let dearer = HashCost {
        memory_kib: 131_072,
        iterations: 16,
        parallelism: 1,
    };
    let mut dear = BTreeSet::new();
    for hash in imported() {
        let text = hash.stored.as_str();
        assert!(!is_dear(text, dearer), "{text}");
        if is_dear(text, TODAY) {
            dear.insert(hash.format);
        }
    }
    let argon2_cffi = DEAR[0].replace("m=1048576,t=2,p=1", "m=65536,t=3,p=4");
    assert!(is_dear(&argon2_cffi, TODAY));
    let defaults = [
        "PBKDF2 of Django",
        "PBKDF2 of Werkzeug",
        "scrypt of PHC and passlib",
        "scrypt of Werkzeug",
    ];
    for format in defaults {
        assert!(dear.contains(format), "the default of {format}");
    }
    assert!(!dear.contains("phpass"), "WordPress's 8,192 rounds of MD5 fit in");
}

#[test]
fn the_page_of_the_table_names_each_format_and_its_bounds() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/data.md");
    let page = std::fs::read_to_string(page).unwrap();
    for (name, bounds) in hash_formats() {
        let row = page
            .lines()
            .find(|line| line.starts_with(&format!("| {name} | ")));
        assert!(
            row.is_some_and(|row| row.ends_with(&format!(" | {bounds} |"))),
            "{name}: {row:?}"
        );
    }
}
