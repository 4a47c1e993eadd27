(** The checker as OCaml.  Trusted: Coq's extraction and these mappings, of integers to zarith and of nat (indices only) to int. *)
From Coq Require Extraction.
From Coq Require Import ZArith ExtrOcamlBasic ExtrOcamlNatInt ExtrOcamlZBigInt.
From Exactzones Require Import Kinds Certificate Witness Deployed Always.

Extract Constant Z.gcd => "Big_int_Z.gcd_big_int".
Extract Constant bits =>
  "Big_int_Z.(fun v from size -> extract_big_int v (int_of_big_int from) (int_of_big_int size))".
Extract Constant Z.leb => "Big_int_Z.le_big_int".
Extract Constant Z.ltb => "Big_int_Z.lt_big_int".

(** Computed once. *)
Extraction NoInline two_24 exponent_24.

Extraction "checker.ml" check_case fires_at witness_of relative_error deploy fires_always.
