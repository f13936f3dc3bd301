//! `kind: Config`: a config of a stack, with the keys of a compose file.

/// What the schema says of it.
pub(in crate::load::manifest) const ABOUT: &str = "A config of a stack; its spec has the keys of a compose file. When \
    its content changes, the services that use it are rolled.";

/// An example.
pub(in crate::load::manifest) const EXAMPLE: &str = "\
apiVersion: skep/v1
kind: Config
metadata:
  name: motd
  stack: shop
spec:
  content: |
    Welcome.
";
