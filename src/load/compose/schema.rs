//! JSON Schemas from the types.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value};

/// JSON Schema of a form, draft 2020-12.
#[must_use]
pub fn schema_of<T: JsonSchema>() -> Value {
    let generator = SchemaSettings::draft2020_12().for_deserialize().into_generator();
    let mut schema = generator.into_root_schema_for::<T>().to_value();
    finish_schema(&mut schema);
    schema
}

/// Takes `null` away from properties: a key may be left out, but not be there without a value,
/// unless it is marked `x-nullable`.
fn finish_schema(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(finish_schema),
        Value::Object(object) => {
            if let Some(Value::Object(properties)) = object.get_mut("properties") {
                properties.values_mut().for_each(without_null);
            }
            object.values_mut().for_each(finish_schema);
        }
        _ => {}
    }
}

fn without_null(property: &mut Value) {
    let Value::Object(property) = property else { return };
    if property.remove("x-nullable").is_some() {
        return;
    }
    property.retain(|key, value| key != "default" || !value.is_null());
    if let Some(Value::Array(types)) = property.get_mut("type") {
        types.retain(|name| name != "null");
        if let [one] = types.as_slice() {
            let one = one.clone();
            property.insert("type".to_owned(), one);
        }
    }
    let Some(Value::Array(mut branches)) = property.remove("anyOf") else { return };
    branches.retain(|branch| branch.get("type").is_none_or(|name| name != "null"));
    match branches.as_mut_slice() {
        [Value::Object(only)] => merge(property, std::mem::take(only)),
        _ => {
            property.insert("anyOf".to_owned(), Value::Array(branches));
        }
    }
}

/// What a property says of itself wins over what its type says.
fn merge(property: &mut Map<String, Value>, only: Map<String, Value>) {
    for (key, value) in only {
        property.entry(key).or_insert(value);
    }
}
