//! Links, tags, and the rows that a client sees.

use aws_lc_rs::digest::{Context, SHA256};
use lambda_http::http::StatusCode;
use serde::Serialize;
use shared::error::{Code, Error, Violation};

/// How many bytes of a digest are an id.
const ID_BYTES: usize = 16;

/// What a row has two of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A link.
    Link,
    /// A tag.
    Tag,
}

impl Kind {
    /// Returns the member and the attribute that has the text.
    pub fn name(self) -> &'static str {
        match self {
            Self::Link => "link",
            Self::Tag => "tag",
        }
    }

    /// Returns the member and the attribute that has the id.
    pub fn id_name(self) -> &'static str {
        match self {
            Self::Link => "link_id",
            Self::Tag => "tag_id",
        }
    }

    /// Checks a text: 1 to 2,048 characters of a link, 1 to 100 of a tag.
    ///
    /// # Errors
    ///
    /// The rule that it breaks.
    pub fn parse(self, text: String) -> Result<String, Violation> {
        let (max, too_long) = match self {
            Self::Link => (2_048, "Must have at most 2048 characters"),
            Self::Tag => (100, "Must have at most 100 characters"),
        };
        match text.chars().count() {
            0 => Err(Violation::new(Code::TooShort, "Must have at least 1 character")),
            length if length > max => Err(Violation::new(Code::TooLong, too_long)),
            _ => Ok(text),
        }
    }

    /// Creates the error of an id that does not exist.
    pub fn not_found(self, id: &str, status: StatusCode) -> Error {
        let message = match self {
            Self::Link => format!("Link with link_id {id} not found"),
            Self::Tag => format!("Tag with tag_id {id} not found"),
        };
        Error::Other(status, message)
    }
}

/// A link or a tag of one owner.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Entity {
    /// Which of the two.
    pub kind: Kind,
    /// Its id.
    pub id: String,
    /// Its text.
    pub text: String,
    /// Whether the table had it; otherwise it is made with its first pair.
    pub(crate) exists: bool,
}

impl Entity {
    /// Creates a link or a tag from its text. The id is a digest of owner and text, so that two requests at once make one and not two,
    /// without a read.
    pub fn new(kind: Kind, owner: &str, text: String) -> Self {
        let mut context = Context::new(&SHA256);
        for part in [kind.name(), owner, &text] {
            context.update(part.as_bytes());
            context.update(&[0]);
        }
        let digest = context.finish();
        let bytes = digest.as_ref().iter().take(ID_BYTES);
        Self {
            kind,
            id: bytes.map(|byte| format!("{byte:02x}")).collect(),
            text,
            exists: false,
        }
    }

    /// Creates the error of a link that has this tag already.
    pub fn pair_exists(&self, tag: &Self) -> Error {
        let message = format!("TagLink with tag_id {} and link_id {} exists", tag.id, self.id);
        Error::Other(StatusCode::CONFLICT, message)
    }

    /// Creates one that the table has.
    pub(crate) fn known(kind: Kind, id: String, text: String) -> Self {
        Self {
            kind,
            id,
            text,
            exists: true,
        }
    }
}

/// A link or a tag as a client sees it: its id and its text.
impl Serialize for Entity {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map([(self.kind.id_name(), &self.id), (self.kind.name(), &self.text)])
    }
}

/// Reports whether a text can be an id. Any other is no one's, and costs no request.
pub(crate) fn is_id(text: &str) -> bool {
    text.len() == 2 * ID_BYTES && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// A link with one of its tags. A link without tags is one row, whose tag is `null`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    /// The link's id.
    pub link_id: String,
    /// The tag's id.
    pub tag_id: Option<String>,
    /// The link.
    pub link: String,
    /// The tag.
    pub tag: Option<String>,
}

impl Row {
    /// Creates the row of a pair.
    pub fn new(link: &Entity, tag: &Entity) -> Self {
        Self {
            link_id: link.id.clone(),
            tag_id: Some(tag.id.clone()),
            link: link.text.clone(),
            tag: Some(tag.text.clone()),
        }
    }

    /// Creates the row of a link without tags.
    pub fn untagged(link: Entity) -> Self {
        Self {
            link_id: link.id,
            tag_id: None,
            link: link.text,
            tag: None,
        }
    }

    /// Returns the link and the tag, where it has one.
    pub(crate) fn sides(&self) -> impl Iterator<Item = Entity> {
        let link = Entity::known(Kind::Link, self.link_id.clone(), self.link.clone());
        let tag = self.tag_id.clone().zip(self.tag.clone());
        let tag = tag.map(|(id, text)| Entity::known(Kind::Tag, id, text));
        [Some(link), tag].into_iter().flatten()
    }
}
