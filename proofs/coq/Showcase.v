(** One small certificate checked inside Coq's kernel, and what it proves, in full.

    The network: a, b, c = ReLU(x + y), ReLU(x - y), ReLU(y - x); d, e = ReLU(a + b + c - 1/2), ReLU(b + c - a);
    the feature is ReLU(d / 2 - e - 1/3), and the box [0, 1/2]^2.  The tree is the one that `exactzones certify` wrote. *)
From Coq Require Import List ZArith Reals Lra.
From Exactzones Require Import Numbers Network Kinds Execution Backward Regions Certificate Real.
Import ListNotations.
Local Open Scope Z_scope.

Definition small_network : list layer := [
  Layer [[1; 1]; [1; -1]; [-1; 1]] 1 [0; 0; 0] 1 [true; true; true];
  Layer [[1; 1; 1]; [-1; 1; 1]] 1 [-1; 0] 2 [true; true];
  Layer [[1; -2]] 2 [-1] 3 [true]
].
Definition small_claim : claim :=
  Claim small_network 2 [(0, [0; 1]); (0, [1; 0]); (1, [-2; 0]); (1, [0; -2])] [] [Condition 3 true [1] 0 1 true] [].

Definition with_rows (rs : list (nat * Z)) (den : positive) : hint := Hint rs den [] [].
Definition leaf (number : Z) (upper : bool) (e : Z) (last : list (nat * Z)) : tree :=
  No number [[Bound 1 2 upper true (with_rows [(4%nat, 1)] 1)]; [Bound 2 1 true true (with_rows [(Z.to_nat e, 2)] 1)];
             [Bound 3 0 true true (with_rows last 2)]] [(0%nat, 1)] true no_hint.
Definition small_certificate : tree :=
  Relu 0 [[Bound 1 0 false false no_hint; Bound 1 0 true false no_hint; Bound 1 2 false false no_hint; Bound 1 2 true false no_hint]] 1 1
    (Relu 1 [[Bound 1 2 false false no_hint]] 2 0 (leaf 3 false 1 []) (leaf 4 false 1 [(3%nat, 1)]))
    (Relu 2 [[Bound 1 2 true false no_hint]] 2 0 (leaf 5 true 0 []) (leaf 6 true 0 [(2%nat, 1)])).

Lemma accepted : check_case 1099511627776 small_claim [] small_certificate = Holds 0.
Proof. vm_compute. reflexivity. Qed.

Local Open Scope R_scope.
Notation ReLU z := (Rmax 0 z).

Lemma relu_is_max (z : R) : relu (F := reals) z = ReLU z.
Proof.
  destruct (Rle_lt_dec z 0) as [H|H].
  - rewrite relu_off by exact H. symmetry. apply Rmax_left, H.
  - rewrite relu_on by (cbn; lra). symmetry. apply Rmax_right. lra.
Qed.

(** For all real points of the box the feature is 0. *)
Theorem small_feature_is_zero (x y : R) :
  0 <= x <= 1/2 -> 0 <= y <= 1/2 ->
  let a := ReLU (x + y) in let b := ReLU (x - y) in let c := ReLU (y - x) in
  let d := ReLU (a + b + c - 1/2) in let e := ReLU (b + c - a) in
  ReLU (d / 2 - e - 1/3) = 0.
Proof.
  intros X Y a b c d e.
  assert (D : in_domain (F := reals) small_claim [x; y]).
  { split; [reflexivity|]. cbn [domain small_claim].
    repeat (apply Forall_cons; [unfold row_ok; cbn [fst snd dot add mul of_Z zero le reals carrier]; lra|]). apply Forall_nil. }
  pose proof (cannot_fire_real _ small_claim _ eq_refl accepted [x; y] D) as N.
  destruct (Rle_lt_dec (ReLU (d / 2 - e - 1/3)) 0) as [H|H]; [pose proof (Rmax_l 0 (d / 2 - e - 1/3)); lra|].
  exfalso. apply N. repeat constructor. unfold holds, condition_value.
  cbn [exact_run befores afters strict after_relu place terms constant constant_den network small_claim].
  assert (E : after (F := reals) small_network 3 [x; y] = [ReLU (d / 2 - e - 1/3)]).
  { cbn [after nth small_network pre weights biases combine map activate relus]. unfold unit_pre.
    cbn [weight_den bias_den fst snd dot add mul of_Z part zero reals carrier]. rewrite !relu_is_max. unfold real_part.
    repeat match goal with
    | |- context [Rmax 0 ?t] =>
        lazymatch t with context [Rmax] => fail | _ => idtac end;
        first [ replace (Rmax 0 t) with a by (unfold a; f_equal; lra) | replace (Rmax 0 t) with b by (unfold b; f_equal; lra)
              | replace (Rmax 0 t) with c by (unfold c; f_equal; lra) | replace (Rmax 0 t) with d by (unfold d; f_equal; lra)
              | replace (Rmax 0 t) with e by (unfold e; f_equal; lra) ]
    end.
    f_equal. f_equal. lra. }
  rewrite E. cbn. lra.
Qed.
