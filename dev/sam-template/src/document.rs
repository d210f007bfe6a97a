//! The template as JSON, with each intrinsic function in its long form.
//!
//! YAML offers `!Ref X` and `Ref: X`. Like CloudFormation, this module first turns the one into the other, so that the
//! rest of the crate knows one form.

use serde_json::{Map, Value};
use yaml_serde::Value as Yaml;

use crate::TemplateError;

/// Every intrinsic function of CloudFormation, by its short name.
const INTRINSICS: &str = "And Base64 Cidr Condition Contains Equals FindInMap ForEach GetAZs GetAtt If ImportValue Join Length Not Or Ref \
     Select Split Sub ToJsonString";

fn is_intrinsic(name: &str) -> bool {
    INTRINSICS.split(' ').any(|known| known == name)
}

/// A template whose intrinsic functions are all in their long form.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Document {
    /// The sections outside `Resources`.
    sections: Map<String, Value>,
    /// A list, since a map would lose the template's order.
    resources: Vec<(String, Value)>,
}

/// One entry of `Resources`.
#[derive(Clone, Copy)]
pub(crate) struct Resource<'a> {
    pub(crate) logical_id: &'a str,
    value: &'a Value,
}

impl Document {
    pub(crate) fn parse(text: &str) -> Result<Self, TemplateError> {
        let yaml: Yaml = yaml_serde::from_str(text).map_err(|error| TemplateError::NotYaml {
            reason: error.to_string(),
        })?;
        let Yaml::Mapping(root) = yaml else {
            return Err(TemplateError::NoResources);
        };
        let mut sections = Map::new();
        let mut resources = None;
        for (key, section) in root {
            let name = key_text(&key);
            match section {
                Yaml::Mapping(entries) if name == "Resources" => resources = Some(each_named(entries)?),
                other => {
                    let value = long_form(&name, other)?;
                    sections.insert(name, value);
                }
            }
        }
        let resources = resources.ok_or(TemplateError::NoResources)?;
        Ok(Self { sections, resources })
    }

    /// Returns the value at `pointer` (RFC 6901, without the leading slash) in a section.
    pub(crate) fn section(&self, section: &str, pointer: &str) -> Option<&Value> {
        self.sections.get(section)?.pointer(&format!("/{pointer}"))
    }

    /// Returns the resource with this logical id.
    pub(crate) fn resource(&self, logical_id: &str) -> Option<&Value> {
        let (_, value) = self.resources.iter().find(|(id, _)| id == logical_id)?;
        Some(value)
    }

    /// Returns the resources of one type.
    pub(crate) fn resources_of_type(&self, kind: &str) -> impl Iterator<Item = Resource<'_>> {
        self.resources
            .iter()
            .filter(move |(_, value)| value.get("Type").and_then(Value::as_str) == Some(kind))
            .map(|(logical_id, value)| Resource { logical_id, value })
    }

    /// Returns the resource with this logical id, if it is of that type.
    pub(crate) fn resource_of_type(&self, kind: &str, logical_id: &str) -> Option<Resource<'_>> {
        self.resources_of_type(kind)
            .find(|resource| resource.logical_id == logical_id)
    }
}

impl<'a> Resource<'a> {
    /// Returns the value at `property`, a path such as `Properties/Timeout`.
    pub(crate) fn get(self, property: &str) -> Option<&'a Value> {
        self.value.pointer(&format!("/{property}"))
    }

    /// Returns the value at `property`, which must exist.
    pub(crate) fn require(self, property: &'static str) -> Result<&'a Value, TemplateError> {
        self.get(property).ok_or_else(|| TemplateError::Missing {
            logical_id: self.logical_id.to_owned(),
            property,
        })
    }

    /// Returns the error of a `property` of another form than `expected`.
    pub(crate) fn unreadable(self, property: &'static str, expected: &'static str) -> TemplateError {
        TemplateError::Unreadable {
            logical_id: self.logical_id.to_owned(),
            property,
            expected,
        }
    }
}

/// Converts the resources. An error names the resource, as one in another section names the section.
fn each_named(entries: yaml_serde::Mapping) -> Result<Vec<(String, Value)>, TemplateError> {
    let resources = entries.into_iter().map(|(id, resource)| {
        let id = key_text(&id);
        let resource = long_form(&id, resource)?;
        Ok((id, resource))
    });
    resources.collect()
}

fn long_form(place: &str, yaml: Yaml) -> Result<Value, TemplateError> {
    Ok(match yaml {
        Yaml::Null => Value::Null,
        Yaml::Bool(value) => Value::Bool(value),
        Yaml::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
            (Some(value), _, _) => Value::from(value),
            (None, Some(value), _) => Value::from(value),
            (None, None, value) => Value::from(value),
        },
        Yaml::String(text) => Value::String(text),
        Yaml::Sequence(items) => Value::Array(
            items
                .into_iter()
                .map(|item| long_form(place, item))
                .collect::<Result<_, _>>()?,
        ),
        Yaml::Mapping(entries) => {
            let mut object = Map::new();
            for (key, value) in entries {
                let key = key_text(&key);
                // `Fn::ForEach::Name` and `Fn::Transform` (which only macros use) differ from the others.
                let named = key
                    .strip_prefix("Fn::")
                    .map(|name| name.split("::").next().unwrap_or_default());
                if named.is_some_and(|name| name != "Transform" && !is_intrinsic(name)) {
                    return Err(unknown(place, &key));
                }
                let value = arguments(&key, long_form(place, value)?);
                object.insert(key, value);
            }
            Value::Object(object)
        }
        Yaml::Tagged(tagged) => {
            let tag = tagged.tag.to_string();
            let name = tag.trim_start_matches('!');
            let key = match name {
                "Ref" | "Condition" => name.to_owned(),
                "Transform" => "Fn::Transform".to_owned(),
                _ if is_intrinsic(name) => format!("Fn::{name}"),
                _ => return Err(unknown(place, &tag)),
            };
            let value = arguments(&key, long_form(place, tagged.value)?);
            Value::Object(Map::from_iter([(key, value)]))
        }
    })
}

/// Converts the argument `X.Arn` of `GetAtt` to its other form, `[X, Arn]`.
fn arguments(key: &str, value: Value) -> Value {
    let parts = value
        .as_str()
        .filter(|_| key == "Fn::GetAtt")
        .and_then(|text| text.split_once('.'));
    match parts {
        Some((resource, attribute)) => Value::from(vec![resource, attribute]),
        None => value,
    }
}

fn unknown(place: &str, intrinsic: &str) -> TemplateError {
    TemplateError::UnknownIntrinsic {
        logical_id: place.to_owned(),
        intrinsic: intrinsic.to_owned(),
    }
}

/// Returns a key as text. YAML also has numbers as keys, such as the status of a response.
fn key_text(key: &Yaml) -> String {
    match key {
        Yaml::String(text) => text.clone(),
        Yaml::Number(number) => number.to_string(),
        Yaml::Bool(value) => value.to_string(),
        Yaml::Null | Yaml::Sequence(_) | Yaml::Mapping(_) | Yaml::Tagged(_) => String::new(),
    }
}
