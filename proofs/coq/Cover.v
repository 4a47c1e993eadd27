(** Full-dimensional cells suffice: every point of a domain that holds a ball lies in the closed cell of a pattern that a whole ball of
    the domain has.  So the zones that the library lists lose no point, and no two of them have a ball in common. *)
From Coq Require Import List ZArith QArith Qcanon Reals Ring Lia Bool.
From Exactzones Require Import Numbers Network Unrelu Merging Field Position Rational Real.
Import ListNotations.

Section Cover.
Context {F : numbers}.
Add Ring F_ring : (laws F).
Local Open Scope num_scope.
Local Notation form := (@form F).
Hypothesis inverse : divides F.

(** ** Patterns with zero counted as off, and closed cells, by affine functions *)
Definition counted (z : F) (on : bool) : Prop := if on then 0 < z else z <= 0.
Definition has_pattern net k (x : list F) (s : list bool) : Prop := Forall2 counted (switches net k x) s.

Lemma counted_agree zs s : Forall2 counted zs s -> Forall2 agree zs s.
Proof. induction 1 as [|z [] zs s C H IH]; constructor; try exact IH; [apply lt_le, C | exact C]. Qed.

Lemma has_pattern_exists net k x : exists s, has_pattern net k x s.
Proof.
  unfold has_pattern. induction (switches net k x) as [|z zs (s & H)]; [exists []; constructor|].
  destruct (le_dec z 0) as [L|L]; [exists (false :: s) | exists (true :: s)]; constructor; assumption.
Qed.

Lemma has_pattern_unique net k x s t : has_pattern net k x s -> has_pattern net k x t -> s = t.
Proof.
  unfold has_pattern. intros H; revert t. induction H as [|z a zs s A H IH]; intros t K; inversion K as [|? b ? t' B K']; subst; [reflexivity|].
  f_equal; [|apply IH, K']. destruct a, b; cbn in A, B; try reflexivity; [destruct (A B) | destruct (B A)].
Qed.

(** The affine functions that a pattern's units are. *)
Fixpoint switch_forms (net : list layer) (d k : nat) (s : list bool) : list form :=
  match k with
  | O => []
  | S i => switch_forms net d i s ++ chosen (relus (nth i net no_layer)) (before_forms net d (S i) s)
  end.
Local Notation values x := (map (fun f => value f x)).

Lemma layer_switches net i s r (x : list F) :
  in_cell net i s x ->
  values x (chosen (relus (nth i net no_layer)) (before_forms net (length x) (S i) (s ++ r))) =
  chosen (relus (nth i net no_layer)) (before net (S i) x).
Proof. intros C. rewrite <- chosen_map. f_equal. cbn [before_forms before]. rewrite value_pre_forms, forms_ok by exact C. reflexivity. Qed.

Lemma switches_ok net k s r (x : list F) : in_cell net k s x -> values x (switch_forms net (length x) k (s ++ r)) = switches net k x.
Proof.
  revert s r; induction k as [|i IH]; intros s r H; [reflexivity|].
  unfold in_cell in H. cbn [switches] in H. apply Forall2_app_inv_l in H as (s1 & s2 & H1 & H2 & ->).
  cbn [switch_forms switches]. rewrite map_app, <- app_assoc, IH by exact H1. f_equal. apply layer_switches, H1.
Qed.

(** A closed cell is the polyhedron that its pattern's affine functions cut out. *)
Lemma in_cell_forms net k s r (x : list F) : Forall2 agree (values x (switch_forms net (length x) k (s ++ r))) s -> in_cell net k s x.
Proof.
  revert s r; induction k as [|i IH]; intros s r H; [exact H|].
  cbn [switch_forms] in H. rewrite map_app in H. apply Forall2_app_inv_l in H as (s1 & s2 & H1 & H2 & ->).
  rewrite <- app_assoc in H1, H2. specialize (IH s1 _ H1). rewrite layer_switches in H2 by exact IH.
  unfold in_cell. cbn [switches]. apply Forall2_app; [exact IH | exact H2].
Qed.

Theorem in_cell_iff net k s (x : list F) : in_cell net k s x <-> Forall2 agree (values x (switch_forms net (length x) k s)) s.
Proof.
  rewrite <- (app_nil_r s) at 2. split; [|apply in_cell_forms]. intros H. rewrite switches_ok; exact H.
Qed.

Lemma has_pattern_iff net k s (x : list F) : has_pattern net k x s <-> Forall2 counted (values x (switch_forms net (length x) k s)) s.
Proof.
  split; intros H.
  - rewrite <- (app_nil_r s) at 1. rewrite switches_ok; [exact H | apply counted_agree, H].
  - pose proof (counted_agree _ _ H) as C. apply in_cell_iff in C. rewrite <- (app_nil_r s) in H at 1.
    rewrite switches_ok in H by exact C. exact H.
Qed.

(** ** The cover *)
Lemma by_value (A B : F -> bool -> Prop) (x y : list F) (fs : list form) s :
  (forall f on, In f fs -> A (value f x) on -> B (value f y) on) -> Forall2 A (values x fs) s -> Forall2 B (values y fs) s.
Proof.
  revert s; induction fs as [|f fs IH]; intros s H K; inversion K as [|? on ? s' A1 K']; subst; [constructor|].
  cbn [map]. constructor; [apply H; [left; reflexivity | exact A1]|]. apply IH; [|exact K']. intros g b I. apply H. right; exact I.
Qed.

(** Where no strict sign is lost on the way to a point that has the pattern, one is in the closed cell. *)
Lemma in_cell_limit net k s x y :
  length x = length y -> keeps (switch_forms net (length y) k s) x y -> has_pattern net k y s -> in_cell net k s x.
Proof.
  intros L K H. apply has_pattern_iff in H. apply in_cell_iff. rewrite L. revert H. apply by_value. intros f [] I H; cbn in *.
  - destruct (le_dec 0 (value f x)) as [P|P]; [exact P | destruct (K f I) as [_ N]; destruct (N P (lt_le _ _ H))].
  - destruct (le_dec (value f x) 0) as [P|P]; [exact P | destruct (K f I) as [N _]; destruct (N P H)].
Qed.

(** From a point in general position: where no strict sign has changed, pattern and domain have not. *)
Lemma same_pattern net k D s y z :
  length z = length y -> regular (D ++ switch_forms net (length y) k s) y -> keeps (D ++ switch_forms net (length y) k s) y z ->
  closed D y -> has_pattern net k y s -> closed D z /\ has_pattern net k z s.
Proof.
  intros L R K C H.
  assert (Z : forall f, In f (D ++ switch_forms net (length y) k s) -> value f y = 0 -> value f z = 0) by (intros f I Q; apply (R f I Q), L).
  split.
  - apply Forall_forall. intros f I. unfold closed in C. rewrite Forall_forall in C. specialize (C f I).
    assert (J : In f (D ++ switch_forms net (length y) k s)) by (apply in_or_app; left; exact I).
    destruct (sign (value f y)) as [P|[P|P]]; [apply lt_le, (K f J), P | destruct (P C) | apply le_eq; rewrite (Z f J P); reflexivity].
  - apply has_pattern_iff. apply has_pattern_iff in H. rewrite L. revert H. apply by_value. intros f on I H.
    assert (J : In f (D ++ switch_forms net (length y) k s)) by (apply in_or_app; right; exact I).
    destruct on; cbn in *; [apply (K f J), H|].
    destruct (sign (value f y)) as [P|[P|P]]; [destruct (P H) | apply lt_le, (K f J), P | apply le_eq, (Z f J P)].
Qed.

Lemma around net k D s y :
  regular (D ++ switch_forms net (length y) k s) y -> closed D y -> has_pattern net k y s ->
  exists e, 0 < e /\ forall z, near e y z -> closed D z /\ has_pattern net k z s.
Proof.
  intros R C H. destruct (stay inverse (D ++ switch_forms net (length y) k s) y) as (e & E & S). exists e. split; [exact E|].
  intros z N. apply (same_pattern net k D s y z (near_length _ _ _ N) R (S z N) C H).
Qed.

(** A set that holds a ball of d-dimensional space. *)
Definition full (d : nat) (S : list F -> Prop) : Prop := exists y e, length y = d /\ 0 < e /\ forall z, near e y z -> S z.

(** A pattern that a whole ball of the domain has. *)
Definition full_pattern net k (D : list form) d s : Prop := full d (fun z => closed D z /\ has_pattern net k z s).

(** All affine functions that matter: the domain's rows and, of every pattern, the units. *)
Definition family net k (D : list form) (d : nat) : list form := D ++ flat_map (switch_forms net d k) (patterns (pattern_length net k)).

Lemma in_patterns net k s (x : list F) : has_pattern net k x s -> In s (patterns (pattern_length net k)).
Proof. intros H. rewrite <- (length_switches net k x), (same_length _ _ _ _ _ H). apply patterns_all. Qed.

Lemma in_family net k D s (x : list F) :
  has_pattern net k x s -> incl (D ++ switch_forms net (length x) k s) (family net k D (length x)).
Proof.
  intros H. apply incl_app; [apply incl_appl, incl_refl|]. apply incl_appr. intros f I. apply in_flat_map. exists s.
  split; [apply (in_patterns net k s x H) | exact I].
Qed.

Lemma closed_between (D : list form) t x y :
  length x = length y -> 0 <= t -> 0 <= 1 - t -> closed D x -> closed D y -> closed D (between t x y).
Proof.
  unfold closed. rewrite !Forall_forall. intros L T T' X Y f I. rewrite value_between by exact L.
  apply add_nonneg; apply mul_nonneg; auto.
Qed.

(** Every point of a domain that holds a ball lies in the closed cell of a pattern that a ball of the domain has. *)
Theorem cover net k (D : list form) x :
  full (length x) (closed D) -> closed D x -> exists s, in_cell net k s x /\ full_pattern net k D (length x) s.
Proof.
  intros (c & e & L & E & B) X. destruct (move_off inverse (family net k D (length x)) c e E) as (p & N & R).
  assert (Lp : length x = length p) by (rewrite (near_length _ _ _ N); symmetry; exact L).
  destruct (towards inverse _ x p Lp R) as (t & T & T' & K & R'). set (y := between t x p) in *.
  assert (Ly : length y = length x) by apply length_between, Lp.
  destruct (has_pattern_exists net k y) as [s H]. exists s.
  pose proof (in_family net k D s y H) as I. rewrite Ly in I.
  split.
  - apply (in_cell_limit net k s x y (eq_sym Ly)); [|exact H]. intros f J. apply K, I, in_or_app. right. rewrite <- Ly. exact J.
  - exists y. destruct (around net k D s y) as (d & Hd & A).
    + intros f J. apply R', I. rewrite <- Ly. exact J.
    + apply closed_between; [exact Lp | apply lt_le, T | apply lt_le, T' | exact X | apply B, N].
    + exact H.
    + exists d. split; [exact Ly|]. split; [exact Hd | exact A].
Qed.

(** ** What is listed *)
(** A unit that is on is positive somewhere on the closed cell. *)
Definition no_idle net k (D : list form) d s : Prop :=
  forall i, nth i s false = true ->
  exists z, length z = d /\ closed D z /\ in_cell net k s z /\ 0 < nth i (switches net k z) 0.

Lemma counted_if (zs : list F) s : Forall2 agree zs s -> (forall i, nth i s false = true -> nth i zs 0 <> 0) -> Forall2 counted zs s.
Proof.
  induction 1 as [|z on zs s A H IH]; intros N; constructor; [|apply IH; intros i; exact (N (S i))].
  destruct on; cbn in *; [|exact A]. intros L. apply (N 0%nat eq_refl), le_antisym; assumption.
Qed.

Lemma counted_on (zs : list F) s i : Forall2 counted zs s -> nth i s false = true -> 0 < nth i zs 0.
Proof.
  intros H; revert i. induction H as [|z on zs s C H IH]; intros [|i] On; cbn [nth] in *; try discriminate; [|apply IH, On].
  subst on. exact C.
Qed.

Lemma nth_switches net k s i (x : list F) :
  in_cell net k s x -> nth i (switches net k x) 0 = value (nth i (switch_forms net (length x) k s) ([], 0)) x.
Proof.
  intros C. rewrite <- (switches_ok net k s [] x C), app_nil_r.
  replace (0 : F) with (value ([], 0) x) at 1 by (unfold value; cbn [fst snd dot]; ring). apply (map_nth (fun f => value f x)).
Qed.

Lemma regular_pattern net k D s y :
  regular (switch_forms net (length y) k s) y -> no_idle net k D (length y) s -> in_cell net k s y -> has_pattern net k y s.
Proof.
  intros R A C. apply counted_if; [exact C|]. intros i On. destruct (A i On) as (z & L & _ & Cz & P). intros Q. apply P.
  rewrite (nth_switches net k s i y C) in Q. rewrite (nth_switches net k s i z Cz), L. apply le_eq.
  refine (R _ (nth_In _ _ _) Q z L).
  rewrite <- (map_length (fun f => value f y)), <- (app_nil_r s), (switches_ok net k s [] y C), (same_length _ _ _ _ _ C).
  destruct (le_lt_dec (length s) i) as [O|O]; [rewrite nth_overflow in On by exact O; discriminate | exact O].
Qed.

(** In other words: its closed cell in the domain holds a ball, and of the units that are zero all over that cell none is on. *)
Theorem full_pattern_iff net k D d s :
  full_pattern net k D d s <-> full d (fun z => closed D z /\ in_cell net k s z) /\ no_idle net k D d s.
Proof.
  split.
  - intros (y & e & L & E & B). split.
    + exists y, e. split; [exact L|]. split; [exact E|]. intros z N. destruct (B z N) as [Z H]. split; [exact Z | apply counted_agree, H].
    + intros i On. exists y. destruct (B y (near_refl e y (lt_le _ _ E))) as [Y H]. repeat (split; [first [exact L | exact Y | apply counted_agree, H]|]).
      exact (counted_on _ _ i H On).
  - intros [(c & e & L & E & B) A]. destruct (move_off inverse (D ++ switch_forms net d k s) c e E) as (y & N & R). destruct (B y N) as [Y C].
    assert (Ly : length y = d) by (rewrite (near_length _ _ _ N); exact L). exists y.
    destruct (around net k D s y) as (h & H & Around); [rewrite Ly; exact R | exact Y | | exists h; split; [exact Ly|]; split; assumption].
    apply (regular_pattern net k D); [|rewrite Ly; exact A | exact C]. intros f I. rewrite Ly in I. apply R, in_or_app. right; exact I.
Qed.

(** Two listed patterns have no ball in common. *)
Theorem interiors_disjoint net k D d s t :
  full_pattern net k D d s -> full_pattern net k D d t -> full d (fun z => in_cell net k s z /\ in_cell net k t z) -> s = t.
Proof.
  intros S T (c & e & L & E & B). apply full_pattern_iff in S as [_ S]. apply full_pattern_iff in T as [_ T].
  destruct (move_off inverse (switch_forms net d k s ++ switch_forms net d k t) c e E) as (y & N & R). destruct (B y N) as [Cs Ct].
  assert (Ly : length y = d) by (rewrite (near_length _ _ _ N); exact L).
  apply (has_pattern_unique net k y); apply (regular_pattern net k D); rewrite ?Ly; try assumption; intros f I; apply R, in_or_app; auto.
Qed.

(** Zones: patterns that a ball of the domain has, with a point of the closed cell that has the property.  If a list holds them all,
    it loses no point of the domain that has the property. *)
Definition zone net k (D : list form) d (property : list F -> Prop) s : Prop :=
  full_pattern net k D d s /\ exists z, length z = d /\ closed D z /\ in_cell net k s z /\ property z.

Theorem zones_suffice net k D d property listed :
  full d (closed D) -> (forall s, zone net k D d property s -> In s listed) ->
  forall x, length x = d -> closed D x -> property x -> exists s, In s listed /\ in_cell net k s x.
Proof.
  intros B A x <- X P. destruct (cover net k D x B X) as (s & C & H). exists s. split; [|exact C]. apply A. split; [exact H|].
  exists x. auto.
Qed.

(** A feature fires exactly on the listed closed cells, each cut with "its affine map is positive". *)
Theorem firing_set net k i D d listed :
  full d (closed D) -> (forall s, zone net k D d (fires net k i) s -> In s listed) ->
  forall x, length x = d -> closed D x ->
  (fires net k i x <-> exists s, In s listed /\ in_cell net k s x /\ 0 < value (feature_form net d k s i) x).
Proof.
  intros B A x L X. split.
  - intros H. destruct (zones_suffice net k D d _ listed B A x L X H) as (s & I & C). exists s. repeat (split; [assumption|]).
    rewrite <- L, (feature_ok net k s i x C). exact H.
  - intros (s & _ & C & P). apply fires_iff. exists s. split; [exact C|]. rewrite L. exact P.
Qed.
End Cover.

(** ** Rational and real points *)
Theorem rationals_divide : divides rationals.
Proof.
  intros a P. exists (Qcinv a). apply Qcmult_inv_r. intros E. apply P. rewrite E. apply le_refl.
Qed.

Theorem reals_divide : divides reals.
Proof.
  intros a P. exists (Rinv a). apply Rinv_r. intros E. apply P. rewrite E. apply le_refl.
Qed.

(** Every point of the domain lies in the closed cell of a pattern that a ball of the domain has. *)
Theorem cover_rational net k (D : list (list Qc * Qc)) (x : list Qc) :
  full (F := rationals) (length x) (closed (F := rationals) D) -> closed (F := rationals) D x ->
  exists s, in_cell (F := rationals) net k s x /\ full_pattern (F := rationals) net k D (length x) s.
Proof. exact (cover (F := rationals) rationals_divide net k D x). Qed.

Theorem cover_real net k (D : list (list R * R)) (x : list R) :
  full (F := reals) (length x) (closed (F := reals) D) -> closed (F := reals) D x ->
  exists s, in_cell (F := reals) net k s x /\ full_pattern (F := reals) net k D (length x) s.
Proof. exact (cover (F := reals) reals_divide net k D x). Qed.
