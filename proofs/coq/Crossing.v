(** Two points in general position to each other: functions that are zero at the same point between them are zero at the same points
    everywhere.  So on the way from one to the other one hyperplane is crossed at a time. *)
From Coq Require Import List ZArith Ring Bool.
From Exactzones Require Import Numbers Field Network Position.
Import ListNotations.

Section Crossing.
Context {F : numbers}.
Add Ring F_ring : (laws F).
Local Open Scope num_scope.
Local Notation form := (@form F).
Hypothesis inverse : divides F.
Variables (fs : list form) (d : nat).

Definition generic (a b : list F) : Prop :=
  forall f g, In f fs -> In g fs -> value f a * value g b = value g a * value f b ->
  forall y z, length y = d -> length z = d -> value f y * value g z = value g y * value f z.

(** The affine function of b that is to be no zero. *)
Definition crossed (a : list F) (f g : form) : form :=
  (vadd (map (mul (value f a)) (fst g)) (map (mul (- value g a)) (fst f)), value f a * snd g - value g a * snd f).
Lemma value_crossed a f g y : value (crossed a f g) y = value f a * value g y - value g a * value f y.
Proof. unfold crossed. unfold value at 1. cbn [fst snd]. rewrite dot_vadd, !dot_scaled. unfold value. ring. Qed.

Lemma step_aside a b e :
  length a = d -> length b = d -> regular fs a -> 0 < e -> exists c, near e b c /\ generic a c.
Proof.
  intros La Lb Ra E. destruct (move_off inverse (flat_map (fun f => map (crossed a f) fs) fs) b e E) as (c & N & Q).
  assert (Lc : length c = d) by (rewrite (near_length _ _ _ N); exact Lb). exists c. split; [exact N|].
  intros f g If Ig Z y z Ly Lz.
  assert (V : forall w, length w = d -> value f a * value g w = value g a * value f w).
  { intros w Lw. replace (value f a * value g w) with (value (crossed a f g) w + value g a * value f w) by (rewrite value_crossed; ring).
    rewrite (Q (crossed a f g)); [ring | | | congruence].
    - apply in_flat_map. exists f. split; [exact If | apply in_map, Ig].
    - rewrite value_crossed, Z. ring. }
  destruct (zero_or_not (value f a)) as [Zf|Zf].
  - rewrite (Ra f If Zf y), (Ra f If Zf z) by congruence. ring.
  - apply (same_factor inverse (value f a) _ _ Zf).
    replace (value f a * (value f y * value g z)) with (value f y * (value f a * value g z)) by ring.
    replace (value f a * (value g y * value f z)) with (value f a * value g y * value f z) by ring.
    rewrite (V z Lz), (V y Ly). ring.
Qed.

Lemma generic_part a b a' b' m :
  0 < m -> (forall f g, value f a' * value g b' - value g a' * value f b' = m * (value f a * value g b - value g a * value f b)) ->
  generic a b -> generic a' b'.
Proof.
  intros M E A f g If Ig Z. apply (A f g If Ig), (same_factor inverse m _ _ (not_zero m M)).
  replace (m * (value f a * value g b)) with (m * (value f a * value g b - value g a * value f b) + m * (value g a * value f b)) by ring.
  rewrite <- E, Z. ring.
Qed.

(** Both are zero at the same point between a and b: one is a multiple of the other. *)
Lemma multiples a b f g m z :
  generic a b -> In f fs -> In g fs -> length a = d -> length z = d -> 0 < 1 - m ->
  (1 - m) * value f a + m * value f b = 0 -> (1 - m) * value g a + m * value g b = 0 -> value f a * value g z = value g a * value f z.
Proof.
  intros A If Ig La Lz M Zf Zg. apply (A f g If Ig); try assumption. apply (same_factor inverse (1 - m) _ _ (not_zero _ M)).
  replace ((1 - m) * (value f a * value g b)) with
    (((1 - m) * value f a + m * value f b) * value g b - ((1 - m) * value g a + m * value g b) * value f b
     + (1 - m) * (value g a * value f b)) by ring.
  rewrite Zf, Zg. ring.
Qed.

(** From c a little towards p, which is in general position. *)
Lemma leave c p :
  length c = d -> length p = d -> regular fs p ->
  exists p' u, 0 < u /\ 0 < 1 - u /\ length p' = d /\ regular fs p' /\ keeps fs c p' /\
  p' = between u c p.
Proof.
  intros Lc Lp R. assert (L : length c = length p) by congruence.
  destruct (towards inverse fs c p L R) as (u & U & U' & K & R'). exists (between u c p), u.
  repeat (split; [first [assumption | rewrite length_between; assumption]|]). reflexivity.
Qed.
End Crossing.
