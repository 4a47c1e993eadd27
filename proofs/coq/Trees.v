(** Any tree of rounded additions: its rounding error, whatever the order of the additions and wherever multiplications are fused.

    An operation with the exact result v gives some x with |x - v| <= e |v| + eta.  [Floats] shows that roundings of a format do. *)
From Coq Require Import List ZArith Reals Lra Lia Permutation.
Import ListNotations.
Local Open Scope R_scope.

(** A weight and the activation that it is multiplied with. *)
Notation factors := (R * R)%type.
Inductive tree :=
| Product (f : factors)
| Bias (b : R)
| Add (s t : tree)
| Fused (f : factors) (t : tree).                               (* w a + t, rounded once *)

Fixpoint products (t : tree) : list factors :=
  match t with
  | Product f => [f]
  | Bias _ => []
  | Add s t => products s ++ products t
  | Fused f t => f :: products t
  end.
Fixpoint biases (t : tree) : list R :=
  match t with
  | Product _ => []
  | Bias b => [b]
  | Add s t => biases s ++ biases t
  | Fused _ t => biases t
  end.
Fixpoint additions (t : tree) : nat :=
  match t with
  | Product _ | Bias _ => 0
  | Add s t => S (additions s + additions t)
  | Fused _ t => S (additions t)
  end.

Definition total (l : list R) : R := fold_right Rplus 0 l.
Definition product (f : R * R) : R := fst f * snd f.
Definition product_size (f : R * R) : R := Rabs (fst f) * Rabs (snd f).
Definition weight_size (f : R * R) : R := Rabs (fst f).
Definition exact_value (t : tree) : R := total (map product (products t)) + total (biases t).
Definition magnitude (t : tree) : R := total (map product_size (products t)) + total (map Rabs (biases t)).
Definition weight_sum (t : tree) : R := total (map weight_size (products t)).

Section Error.
Variables ep es eta : R.                                         (* relative errors of products and sums; what underflow may add *)
Hypothesis ep_nonneg : 0 <= ep.
Hypothesis es_nonneg : 0 <= es.
Hypothesis eta_nonneg : 0 <= eta.

Definition rounded (e v x : R) : Prop := Rabs (x - v) <= e * Rabs v + eta.
(** An operand may be taken for zero where it is subnormal. *)
Definition operand (a x : R) : Prop := Rabs (x - a) <= eta /\ Rabs x <= Rabs a.

Inductive computes : tree -> R -> Prop :=
| computes_product : forall w a a' x, operand a a' -> rounded ep (w * a') x -> computes (Product (w, a)) x
| computes_bias : forall b, computes (Bias b) b
| computes_add : forall s t x y z, computes s x -> computes t y -> rounded es (x + y) z -> computes (Add s t) z
| computes_fused : forall w a a' t y z, operand a a' -> computes t y -> rounded es (w * a' + y) z -> computes (Fused (w, a) t) z.
(** The result is stored in the format of products. *)
Definition computes_unit (t : tree) (z : R) : Prop := exists x, computes t x /\ rounded ep x z.

(** The growth of relative errors along a tree, with one rounding more for products. *)
Definition growth (n : nat) : R := (1 + ep) * (1 + es) ^ n.
Definition operations (t : tree) : R := INR (length (products t) + additions t).

Lemma growth_ge_1 n : 1 <= growth n.
Proof.
  unfold growth. assert (1 <= (1 + es) ^ n) by (apply pow_R1_Rle; lra).
  apply Rle_trans with (1 * 1); [lra|]. apply Rmult_le_compat; lra.
Qed.
Lemma growth_mono m n : (m <= n)%nat -> growth m <= growth n.
Proof. intros H. unfold growth. apply Rmult_le_compat_l; [lra|]. apply Rle_pow; [lra | exact H]. Qed.
Lemma growth_S n : growth (S n) = growth n * (1 + es).
Proof. unfold growth. cbn [pow]. ring. Qed.

Lemma total_app l m : total (l ++ m) = total l + total m.
Proof. unfold total in *. induction l as [|a l IH]; cbn; [lra|]. rewrite IH. lra. Qed.
Lemma total_nonneg l : Forall (Rle 0) l -> 0 <= total l.
Proof. unfold total. induction 1; cbn; lra. Qed.
Lemma magnitude_nonneg t : 0 <= magnitude t.
Proof.
  unfold magnitude. apply Rplus_le_le_0_compat; apply total_nonneg, Forall_map, Forall_forall; intros f _;
    [apply Rmult_le_pos|]; apply Rabs_pos.
Qed.
Lemma weight_sum_nonneg t : 0 <= weight_sum t.
Proof. apply total_nonneg, Forall_map, Forall_forall. intros f _. apply Rabs_pos. Qed.
Lemma operations_nonneg t : 0 <= operations t.
Proof. apply pos_INR. Qed.

Lemma exact_add s t : exact_value (Add s t) = exact_value s + exact_value t.
Proof. unfold exact_value; cbn [products biases]. rewrite map_app, !total_app. lra. Qed.
Lemma magnitude_add s t : magnitude (Add s t) = magnitude s + magnitude t.
Proof. unfold magnitude; cbn [products biases]. rewrite !map_app, !total_app. ring. Qed.
Lemma weight_sum_add s t : weight_sum (Add s t) = weight_sum s + weight_sum t.
Proof. unfold weight_sum; cbn [products]. rewrite map_app, total_app. ring. Qed.
Lemma operations_add s t : operations (Add s t) = operations s + operations t + 1.
Proof.
  unfold operations; cbn [products additions]. rewrite app_length.
  replace (length (products s) + length (products t) + S (additions s + additions t))%nat
    with (S ((length (products s) + additions s) + (length (products t) + additions t))) by lia.
  rewrite S_INR, plus_INR. reflexivity.
Qed.
Lemma exact_fused w a t : exact_value (Fused (w, a) t) = w * a + exact_value t.
Proof. unfold exact_value, total, product; cbn. lra. Qed.
Lemma magnitude_fused w a t : magnitude (Fused (w, a) t) = Rabs w * Rabs a + magnitude t.
Proof. unfold magnitude, total, product_size; cbn. lra. Qed.
Lemma weight_sum_fused w a t : weight_sum (Fused (w, a) t) = Rabs w + weight_sum t.
Proof. reflexivity. Qed.
Lemma operations_fused f t : operations (Fused f t) = operations t + 2.
Proof.
  unfold operations; cbn [products additions length].
  replace (S (length (products t)) + S (additions t))%nat with (S (S (length (products t) + additions t))) by lia.
  rewrite !S_INR. lra.
Qed.

Lemma exact_le_magnitude t : Rabs (exact_value t) <= magnitude t.
Proof.
  induction t as [[w a]|b|s IHs t IHt|[w a] t IHt].
  - unfold exact_value, magnitude, product, product_size; cbn. rewrite !Rplus_0_r, Rabs_mult. lra.
  - unfold exact_value, magnitude; cbn. rewrite !Rplus_0_r, !Rplus_0_l. lra.
  - rewrite exact_add, magnitude_add. apply Rle_trans with (1 := Rabs_triang _ _). lra.
  - rewrite exact_fused, magnitude_fused. apply Rle_trans with (1 := Rabs_triang _ _). rewrite Rabs_mult. lra.
Qed.

(** One more rounding after errors of at most (g - 1) m + h eta. *)
Lemma round_once g e m h v x y :
  1 <= g -> 0 <= e -> 0 <= h -> Rabs v <= m -> Rabs (x - v) <= (g - 1) * m + h * eta -> rounded e x y ->
  Rabs (y - v) <= (g * (1 + e) - 1) * m + (h * (1 + e) + 1) * eta.
Proof.
  intros G E H V X Y. unfold rounded in Y.
  assert (A : Rabs x <= g * m + h * eta).
  { replace x with (v + (x - v)) by ring. apply Rle_trans with (1 := Rabs_triang _ _). lra. }
  replace (y - v) with ((y - x) + (x - v)) by ring. apply Rle_trans with (1 := Rabs_triang _ _).
  apply Rle_trans with ((e * (g * m + h * eta) + eta) + ((g - 1) * m + h * eta)); [|lra].
  apply Rplus_le_compat; [|exact X]. apply Rle_trans with (1 := Y). apply Rplus_le_compat_r, Rmult_le_compat_l; assumption.
Qed.

(** The errors of a tree: those of its operations, amplified by the roundings after them, and what flushed operands cost. *)
Definition underflow (t : tree) : R := growth (additions t) * (operations t + weight_sum t).

Lemma underflow_nonneg t : 0 <= underflow t.
Proof.
  apply Rmult_le_pos; [pose proof (growth_ge_1 (additions t)); lra|].
  pose proof (operations_nonneg t). pose proof (weight_sum_nonneg t). lra.
Qed.

Lemma amplified (g h m n : R) : 1 <= g -> 0 <= m <= n -> h <= g * m -> h <= g * n.
Proof. intros. apply Rle_trans with (g * m); [lra | apply Rmult_le_compat_l; lra]. Qed.

Lemma operand_error w a a' : operand a a' -> Rabs (w * a' - w * a) <= Rabs w * eta /\ Rabs (w * a') <= Rabs w * Rabs a.
Proof.
  intros [A B]. replace (w * a' - w * a) with (w * (a' - a)) by ring. rewrite !Rabs_mult.
  split; apply Rmult_le_compat_l; auto using Rabs_pos.
Qed.

Theorem tree_error t x :
  computes t x -> Rabs (x - exact_value t) <= (growth (additions t) - 1) * magnitude t + underflow t * eta.
Proof.
  induction 1 as [w a a' x A R|b|s t x y z Hs IHs Ht IHt R|w a a' t y z A Ht IHt R].
  - destruct (operand_error w a a' A) as [E S]. unfold rounded in R.
    assert (G : growth (additions (Product (w, a))) = 1 + ep) by (unfold growth; cbn; ring).
    assert (U : underflow (Product (w, a)) = (1 + ep) * (1 + Rabs w)).
    { unfold underflow. rewrite G. unfold operations, weight_sum, weight_size; cbn. ring. }
    rewrite U, G. unfold exact_value, magnitude, product, product_size; cbn [products biases map total fold_right fst snd].
    replace (x - (w * a + 0 + 0)) with ((x - w * a') + (w * a' - w * a)) by ring.
    apply Rle_trans with (1 := Rabs_triang _ _).
    apply Rle_trans with ((ep * (Rabs w * Rabs a) + eta) + Rabs w * eta).
    { apply Rplus_le_compat; [|exact E]. apply Rle_trans with (1 := R). apply Rplus_le_compat_r, Rmult_le_compat_l; assumption. }
    assert (0 <= ep * (1 + Rabs w) * eta).
    { apply Rmult_le_pos; [apply Rmult_le_pos|]; auto. pose proof (Rabs_pos w). lra. }
    lra.
  - replace (b - exact_value (Bias b)) with 0 by (unfold exact_value; cbn; ring). rewrite Rabs_R0.
    pose proof (growth_ge_1 (additions (Bias b))). pose proof (magnitude_nonneg (Bias b)). pose proof (underflow_nonneg (Bias b)).
    apply Rplus_le_le_0_compat; apply Rmult_le_pos; lra.
  - set (n := (additions s + additions t)%nat). change (additions (Add s t)) with (S n).
    assert (Gs : growth (additions s) <= growth n) by (apply growth_mono; unfold n; lia).
    assert (Gt : growth (additions t) <= growth n) by (apply growth_mono; unfold n; lia).
    pose proof (magnitude_nonneg s) as Ms. pose proof (magnitude_nonneg t) as Mt. pose proof (growth_ge_1 n) as G1.
    set (h := growth n * (operations s + weight_sum s) + growth n * (operations t + weight_sum t)).
    assert (Ns : 0 <= operations s + weight_sum s) by (pose proof (operations_nonneg s); pose proof (weight_sum_nonneg s); lra).
    assert (Nt : 0 <= operations t + weight_sum t) by (pose proof (operations_nonneg t); pose proof (weight_sum_nonneg t); lra).
    assert (Both : Rabs (x + y - exact_value (Add s t)) <= (growth n - 1) * magnitude (Add s t) + h * eta).
    { rewrite exact_add, magnitude_add.
      replace (x + y - (exact_value s + exact_value t)) with ((x - exact_value s) + (y - exact_value t)) by ring.
      apply Rle_trans with (1 := Rabs_triang _ _).
      assert (Rabs (x - exact_value s) <= (growth n - 1) * magnitude s + growth n * (operations s + weight_sum s) * eta).
      { apply Rle_trans with (1 := IHs). apply Rplus_le_compat; [apply Rmult_le_compat_r; lra|].
        apply Rmult_le_compat_r; [assumption|]. unfold underflow. apply Rmult_le_compat_r; lra. }
      assert (Rabs (y - exact_value t) <= (growth n - 1) * magnitude t + growth n * (operations t + weight_sum t) * eta).
      { apply Rle_trans with (1 := IHt). apply Rplus_le_compat; [apply Rmult_le_compat_r; lra|].
        apply Rmult_le_compat_r; [assumption|]. unfold underflow. apply Rmult_le_compat_r; lra. }
      unfold h. lra. }
    assert (Hn : 0 <= h) by (unfold h; apply Rplus_le_le_0_compat; apply Rmult_le_pos; lra).
    pose proof (round_once _ es _ h _ _ _ G1 es_nonneg Hn (exact_le_magnitude (Add s t)) Both R) as K.
    rewrite <- growth_S in K. apply Rle_trans with (1 := K). apply Rplus_le_compat_l, Rmult_le_compat_r; [assumption|].
    unfold underflow. change (additions (Add s t)) with (S n). rewrite operations_add, weight_sum_add, growth_S. unfold h.
    assert (1 * 1 <= growth n * (1 + es)) by (apply Rmult_le_compat; lra). lra.
  - destruct (operand_error w a a' A) as [E S]. set (n := additions t). change (additions (Fused (w, a) t)) with (Datatypes.S n).
    pose proof (magnitude_nonneg t) as Mt. pose proof (growth_ge_1 n) as G1.
    assert (Nt : 0 <= operations t + weight_sum t) by (pose proof (operations_nonneg t); pose proof (weight_sum_nonneg t); lra).
    set (h := growth n * (operations t + weight_sum t) + Rabs w).
    assert (Both : Rabs (w * a' + y - exact_value (Fused (w, a) t)) <= (growth n - 1) * magnitude (Fused (w, a) t) + h * eta).
    { rewrite exact_fused, magnitude_fused.
      replace (w * a' + y - (w * a + exact_value t)) with ((w * a' - w * a) + (y - exact_value t)) by ring.
      apply Rle_trans with (1 := Rabs_triang _ _). fold n in IHt. unfold underflow in IHt; fold n in IHt.
      assert (0 <= (growth n - 1) * (Rabs w * Rabs a)) by (apply Rmult_le_pos; [lra | apply Rmult_le_pos; apply Rabs_pos]).
      unfold h. lra. }
    assert (Hn : 0 <= h) by (unfold h; apply Rplus_le_le_0_compat; [apply Rmult_le_pos; lra | apply Rabs_pos]).
    pose proof (round_once _ es _ h _ _ _ G1 es_nonneg Hn (exact_le_magnitude (Fused (w, a) t)) Both R) as K.
    rewrite <- growth_S in K. apply Rle_trans with (1 := K). apply Rplus_le_compat_l, Rmult_le_compat_r; [assumption|].
    unfold underflow. change (additions (Fused (w, a) t)) with (Datatypes.S n). rewrite operations_fused, weight_sum_fused, growth_S. unfold h.
    assert (1 * 1 <= growth n * (1 + es)) by (apply Rmult_le_compat; lra).
    assert (Rabs w * (1 + es) <= growth n * (1 + es) * Rabs w).
    { pose proof (Rabs_pos w). assert (0 <= (growth n - 1) * ((1 + es) * Rabs w)) by (apply Rmult_le_pos; [lra | apply Rmult_le_pos; lra]). lra. }
    lra.
Qed.

(** The growth of all roundings, the stored result included, is at most 1 / (1 - s). *)
Lemma growth_bound n : (2 * ep + INR n * es) <= 1/2 -> growth n * (1 + ep) * (1 - (2 * ep + INR n * es)) <= 1.
Proof.
  induction n as [|n IH]; intros H.
  - unfold growth; cbn [pow INR] in *. nra.
  - rewrite S_INR in *. rewrite growth_S. specialize (IH ltac:(lra)).
    pose proof (growth_ge_1 n). set (s := 2 * ep + INR n * es) in *.
    apply Rle_trans with (growth n * (1 + ep) * (1 - s)); [|exact IH].
    replace (growth n * (1 + es) * (1 + ep) * (1 - (2 * ep + (INR n + 1) * es)))
      with (growth n * (1 + ep) * ((1 + es) * (1 - s - es))) by (unfold s; ring).
    apply Rmult_le_compat_l; [apply Rmult_le_pos; lra|].
    assert (0 <= es * (s + es)); [|lra]. apply Rmult_le_pos; [lra|].
    unfold s. pose proof (pos_INR n). assert (0 <= INR n * es) by (apply Rmult_le_pos; lra). lra.
Qed.

(** A unit with n products: at most g (M . |a| + m) + (4 (n + 1) + 2 sum |w|) eta, where g = s / (1 - s), s = 2 ep + (additions) es. *)
Theorem unit_error t z :
  let s := 2 * ep + INR (additions t) * es in
  s <= 1/2 -> (additions t <= length (products t))%nat -> computes_unit t z ->
  Rabs (z - exact_value t) <= s / (1 - s) * magnitude t + (4 * (INR (length (products t)) + 1) + 2 * weight_sum t) * eta.
Proof.
  intros s Hs Few (x & C & R). pose proof (tree_error t x C) as E. set (n := additions t) in *.
  pose proof (growth_ge_1 n) as G1. pose proof (magnitude_nonneg t) as M.
  pose proof (round_once _ ep _ _ _ _ _ G1 ep_nonneg (underflow_nonneg t) (exact_le_magnitude t) E R) as K.
  pose proof (growth_bound n Hs) as B. fold s in B.
  assert (D : 0 < 1 - s) by lra.
  assert (G : growth n * (1 + ep) <= 1 / (1 - s)).
  { apply Rmult_le_reg_r with (1 - s); [exact D|]. replace (1 / (1 - s) * (1 - s)) with 1 by (field; lra). exact B. }
  assert (Two : 1 / (1 - s) <= 2).
  { apply Rmult_le_reg_r with (1 - s); [exact D|]. replace (1 / (1 - s) * (1 - s)) with 1 by (field; lra). lra. }
  apply Rle_trans with (1 := K). apply Rplus_le_compat.
  - apply Rmult_le_compat_r; [exact M|]. replace (s / (1 - s)) with (1 / (1 - s) - 1) by (field; lra). lra.
  - apply Rmult_le_compat_r; [exact eta_nonneg|]. unfold underflow; fold n.
    assert (Op : operations t + weight_sum t <= 2 * INR (length (products t)) + weight_sum t).
    { unfold operations. fold n. rewrite plus_INR. apply le_INR in Few. lra. }
    pose proof (operations_nonneg t). pose proof (weight_sum_nonneg t).
    assert (growth n * (1 + ep) * (operations t + weight_sum t) <= 2 * (operations t + weight_sum t)).
    { apply Rmult_le_compat_r; lra. }
    lra.
Qed.
End Error.
