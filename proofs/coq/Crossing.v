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

(** ** Walking from one point to another, through one hyperplane after the other *)
Variables (ok : list F -> Prop) (way : list F -> list F -> Prop).
Definition nice (x : list F) : Prop := length x = d /\ regular fs x /\ ok x.

Hypothesis ok_between :
  forall t a b, length a = d -> length b = d -> 0 < t -> 0 < 1 - t -> ok a -> ok b -> ok (between t a b).
Hypothesis way_same : forall a b, nice a -> nice b -> keeps fs a b -> way a b.
Hypothesis way_trans : forall a b c, nice b -> way a b -> way b c -> way a c.
(** From a' close to c to b' close to c, where c is between a and b and f is zero there. *)
Hypothesis way_through : forall f a b m a' b',
  In f fs -> value f a <> 0 -> nice a -> nice b -> generic a b -> 0 < m -> 0 < 1 - m ->
  let c := between m a b in value f c = 0 -> ok c -> nice a' -> nice b' -> keeps fs c a' -> keeps fs c b' -> way a' b'.

(** From c a little towards p. *)
Lemma leave c p :
  length c = d -> ok c -> nice p ->
  exists p' u, 0 < u /\ 0 < 1 - u /\ nice p' /\ keeps fs c p' /\ forall f, value f p' = (1 - u) * value f c + u * value f p.
Proof.
  intros Lc Oc (Lp & R & Op). assert (L : length c = length p) by congruence.
  destruct (towards inverse fs c p L R) as (u & U & U' & K & R'). exists (between u c p), u. split; [exact U|]. split; [exact U'|].
  split; [|split; [exact K | intros f; apply value_between, L]]. split; [rewrite length_between; assumption|]. split; [exact R'|].
  apply ok_between; assumption.
Qed.

(** By induction on the functions that may change their sign from a to b: if the first does, walk to just before its hyperplane, go
    through, and walk on. *)
Lemma walk_in rest : forall a b,
  incl rest fs -> nice a -> nice b -> generic a b -> (forall f, In f fs -> In f rest \/ keeps_sign f a b) -> way a b.
Proof.
  induction rest as [|f rest IH]; intros a b I Na Nb G K.
  { apply way_same; try assumption. intros f J. destruct (K f J) as [[]|J']; exact J'. }
  assert (If : In f fs) by (apply I; left; reflexivity). assert (I' : incl rest fs) by (intros g J; apply I; right; exact J).
  destruct (Na) as (La & Ra & Oa). destruct (Nb) as (Lb & Rb & Ob). assert (Lab : length a = length b) by congruence.
  destruct (same_side_or_root inverse (value f a) (value f b)) as [Same|[Nf (m & M & M' & Zc)]]; [intros Z; apply (Rb f If Z), Lab| |].
  { apply (IH a b); try assumption. intros g J. destruct (K g J) as [[<-|J']|J']; [right; exact Same | left; exact J' | right; exact J']. }
  set (c := between m a b).
  assert (Vc : forall g, value g c = (1 - m) * value g a + m * value g b) by (intros g; apply value_between, Lab). rewrite <- Vc in Zc.
  assert (Lc : length c = d) by (unfold c; rewrite length_between; assumption).
  assert (Oc : ok c) by (apply ok_between; assumption).
  assert (Mid : forall g y, keeps_sign g y a -> keeps_sign g y b -> keeps_sign g y c) by (intros g y; apply keeps_sign_between; assumption).
  destruct (leave c a Lc Oc Na) as (a' & u & U & U' & Na' & Ka & Va). destruct (leave c b Lc Oc Nb) as (b' & w & W & W' & Nb' & Kb & Vb).
  apply (way_trans a a' b Na'); [|apply (way_trans a' b' b Nb')].
  - apply (IH a a'); try assumption.
    + apply (generic_part a b a a' ((1 - u) * m)); [apply (mul_positive inverse); assumption | | exact G]. intros g h. rewrite !Va, !Vc. ring.
    + intros g J. destruct (K g J) as [[<-|J']|J']; [right | left; exact J' | right].
      * apply (keeps_sign_scaled inverse f u); [exact U | rewrite Va, Zc; ring].
      * apply (keeps_sign_trans g a c a'); [|apply Ka, J]. apply Mid; [split; auto | exact J'].
  - apply (way_through f a b m a' b'); assumption.
  - apply (IH b' b); try assumption.
    + apply (generic_part a b b' b ((1 - w) * (1 - m))); [apply (mul_positive inverse); assumption | | exact G]. intros g h. rewrite !Vb, !Vc. ring.
    + intros g J. assert (Zero : forall p y, nice p -> length y = d -> value g p = 0 -> value g y = 0).
      { intros p y (Lp & Rp & _) L Z. apply (Rp g J Z). congruence. }
      destruct (K g J) as [[<-|J']|J']; [right | left; exact J' | right]; (apply keeps_sign_back; [apply Zero; [exact Nb | apply Nb']|]).
      * apply (keeps_sign_scaled inverse f w); [exact W | rewrite Vb, Zc; ring].
      * apply (keeps_sign_trans g b c b'); [|apply Kb, J]. apply Mid; [|split; auto]. apply keeps_sign_back; [apply Zero; assumption | exact J'].
Qed.

Theorem walk a b : nice a -> nice b -> generic a b -> way a b.
Proof. intros Na Nb G. apply (walk_in fs); try assumption; [apply incl_refl | intros f I; left; exact I]. Qed.
End Crossing.
