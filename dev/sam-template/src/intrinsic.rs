//! The values of intrinsic functions, as far as they are known before a deployment.

use serde_json::{Map, Value};

use crate::document::Document;

/// A part of a composed text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part {
    /// Literal text.
    Text(String),
    /// The value of a parameter or a resource or, with an attribute, of a resource's attribute.
    Reference { name: String, attribute: Option<String> },
}

impl Part {
    fn reference(path: &str) -> Self {
        match path.split_once('.') {
            Some((name, attribute)) => Self::Reference {
                name: name.to_owned(),
                attribute: Some(attribute.to_owned()),
            },
            None => Self::Reference {
                name: path.to_owned(),
                attribute: None,
            },
        }
    }
}

/// Returns the parts of a literal, `Ref`, `Fn::GetAtt`, `Fn::Sub` or `Fn::Join`. `None` for values that the template alone
/// does not decide, such as `Fn::If` and `Fn::ImportValue`.
pub(crate) fn parts(value: &Value) -> Option<Vec<Part>> {
    if let Some(text) = scalar(value) {
        return Some(vec![Part::Text(text)]);
    }
    let (function, argument) = call(value)?;
    match function {
        "Ref" => Some(vec![Part::Reference {
            name: argument.as_str()?.to_owned(),
            attribute: None,
        }]),
        "Fn::GetAtt" => {
            let [name, attribute] = argument.as_array()?.as_slice() else {
                return None;
            };
            let attribute = Some(attribute.as_str()?.to_owned());
            Some(vec![Part::Reference {
                name: name.as_str()?.to_owned(),
                attribute,
            }])
        }
        "Fn::Sub" => match argument.as_array() {
            Some(arguments) => {
                let [text, variables] = arguments.as_slice() else {
                    return None;
                };
                substitute(text.as_str()?, variables.as_object())
            }
            None => substitute(argument.as_str()?, None),
        },
        "Fn::Join" => {
            let [delimiter, items] = argument.as_array()?.as_slice() else {
                return None;
            };
            let delimiter = delimiter.as_str()?;
            let mut joined = Vec::new();
            for (index, item) in items.as_array()?.iter().enumerate() {
                if index > 0 {
                    joined.push(Part::Text(delimiter.to_owned()));
                }
                joined.extend(parts(item)?);
            }
            Some(joined)
        }
        _ => None,
    }
}

/// Returns a text that is known before a deployment: each of its references is a parameter with a default.
pub(crate) fn text(document: &Document, value: &Value) -> Option<String> {
    let mut whole = String::new();
    for part in parts(value)? {
        match part {
            Part::Text(text) => whole.push_str(&text),
            Part::Reference {
                name,
                attribute: None,
            } => {
                let default = document.section("Parameters", &format!("{name}/Default"))?;
                whole.push_str(&scalar(default)?);
            }
            Part::Reference {
                attribute: Some(_), ..
            } => return None,
        }
    }
    Some(whole)
}

/// Returns `value` with each intrinsic function replaced by its value. `None` if one of them is not known.
pub(crate) fn literal(document: &Document, value: &Value) -> Option<Value> {
    if call(value).is_some() {
        return text(document, value).map(Value::String);
    }
    if let Some(items) = value.as_array() {
        return items
            .iter()
            .map(|item| literal(document, item))
            .collect::<Option<_>>()
            .map(Value::Array);
    }
    if let Some(entries) = value.as_object() {
        let entries = entries
            .iter()
            .map(|(key, entry)| Some((key.clone(), literal(document, entry)?)));
        return entries.collect::<Option<_>>().map(Value::Object);
    }
    Some(value.clone())
}

/// Returns a scalar as the text that CloudFormation passes on.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn call(value: &Value) -> Option<(&str, &Value)> {
    let object = value.as_object().filter(|object| object.len() == 1)?;
    let (key, argument) = object.iter().next()?;
    (key == "Ref" || key.starts_with("Fn::")).then_some((key.as_str(), argument))
}

fn substitute(text: &str, variables: Option<&Map<String, Value>>) -> Option<Vec<Part>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let (name, following) = after.split_once('}')?;
        if !before.is_empty() {
            pieces.push(Part::Text(before.to_owned()));
        }
        if let Some(escaped) = name.strip_prefix('!') {
            pieces.push(Part::Text(format!("${{{escaped}}}")));
        } else if let Some(variable) = variables.and_then(|known| known.get(name)) {
            pieces.extend(parts(variable)?);
        } else {
            pieces.push(Part::reference(name));
        }
        rest = following;
    }
    if !rest.is_empty() {
        pieces.push(Part::Text(rest.to_owned()));
    }
    Some(pieces)
}
