//! `kind: Network`: a network of a stack, with the keys of a compose file.

/// What the schema says of it.
pub(in crate::load::manifest) const ABOUT: &str = "A network of a stack; its spec has the keys of a compose file. It \
    is made when a service joins it.";

/// An example.
pub(in crate::load::manifest) const EXAMPLE: &str = "\
apiVersion: skep/v1
kind: Network
metadata:
  name: back
  stack: shop
  labels:
    team: shop
spec:
  attachable: true
";
