(** Islands: zones that touch at a point where the property holds are joined by a chain of zones, each sharing with the next a facet on
    which it holds.  So the connected parts of the set that fires can be read off the graph of facets. *)
From Coq Require Import List ZArith QArith Qcanon Reals Ring Bool Relations.
From Exactzones Require Import Numbers Network Unrelu Merging Rational Real Field Position Crossing Cover.
Import ListNotations.

Section Islands.
Context {F : numbers}.
Add Ring F_ring : (laws F).
Local Open Scope num_scope.
Local Notation form := (@form F).
Hypothesis inverse : divides F.

Variables (net : list layer) (k d : nat).

(** A property that on the closed cell of every pattern is "these affine functions are positive". *)
Definition open_property (holds : list F -> Prop) : Prop :=
  exists forms, forall s x, length x = d -> in_cell net k s x -> (holds x <-> forall f, In f (forms s) -> 0 < value f x).

Lemma in_cell_prefix j s (x : list F) : (j <= k)%nat -> in_cell net k s x -> exists s1 r, s = s1 ++ r /\ in_cell net j s1 x.
Proof.
  intros L. revert s. induction L as [|m L IH]; intros s C; [exists s, []; rewrite app_nil_r; auto|].
  unfold in_cell in C. cbn [switches] in C. apply Forall2_app_inv_l in C as (s1 & s2 & C & _ & ->).
  destruct (IH s1 C) as (s3 & r & -> & C'). exists s3, (r ++ s2). rewrite app_assoc. auto.
Qed.

(** Strict conditions on activations, so on inputs too, and on pre-activations; and several at once. *)
Lemma open_after j c : (j <= k)%nat -> open_property (fun x => 0 < value c (after net j x)).
Proof.
  intros L. exists (fun s => [pulled c (after_forms net d j s)]). intros s x Lx C.
  destruct (in_cell_prefix j s x L C) as (s1 & r & -> & C'). pose proof (forms_ok net j s1 r x C') as E. rewrite Lx in E.
  rewrite <- E, <- value_pulled. split; [intros H f [<-|[]]; exact H | intros H; apply H; left; reflexivity].
Qed.

Lemma open_before j c : (j <= k)%nat -> open_property (fun x => 0 < value c (before net (S j) x)).
Proof.
  intros L. exists (fun s => [pulled c (before_forms net d (S j) s)]). intros s x Lx C.
  destruct (in_cell_prefix j s x L C) as (s1 & r & -> & C'). pose proof (forms_ok net j s1 r x C') as E. rewrite Lx in E.
  cbn [before before_forms]. rewrite <- E, <- value_pre_forms, <- value_pulled.
  split; [intros H f [<-|[]]; exact H | intros H; apply H; left; reflexivity].
Qed.

Lemma open_and P Q : open_property P -> open_property Q -> open_property (fun x => P x /\ Q x).
Proof.
  intros [fs A] [gs B]. exists (fun s => fs s ++ gs s). intros s x L C. rewrite (A s x L C), (B s x L C). split.
  - intros [H K] f I. apply in_app_or in I as [I|I]; auto.
  - intros H. split; intros f I; apply H, in_or_app; auto.
Qed.

Lemma open_fires i : open_property (fires net k i).
Proof.
  exists (fun s => [feature_form net d k s i]). intros s x L C. pose proof (feature_ok net k s i x C) as E. rewrite L in E.
  unfold fires. rewrite <- E. split; [intros H f [<-|[]]; exact H | intros H; apply H; left; reflexivity].
Qed.

Variable D : list form.
Variable holds : list F -> Prop.

(** What two closed cells share holds, in the domain, a piece of a hyperplane that is open in it, and there the property holds. *)
Definition share_facet (s t : list bool) : Prop :=
  exists f c e, ~ vanishes f d /\ length c = d /\ value f c = 0 /\ 0 < e /\
  forall z, near e c z -> value f z = 0 -> closed D z /\ in_cell net k s z /\ in_cell net k t z /\ holds z.
Definition adjacent (s t : list bool) : Prop := zone net k D d holds s /\ zone net k D d holds t /\ s <> t /\ share_facet s t.
Definition joined : list bool -> list bool -> Prop := clos_refl_trans (list bool) adjacent.

Variable condition_forms : list bool -> list form.
Hypothesis holds_forms : forall s x, length x = d -> in_cell net k s x -> (holds x <-> forall f, In f (condition_forms s) -> 0 < value f x).

(** Everything that matters: the domain's rows and, of every pattern, units and conditions. *)
Definition all_forms : list form := family net k D d ++ flat_map condition_forms (patterns (pattern_length net k)).

Lemma rows_in s (x : list F) : length x = d -> has_pattern net k x s -> incl (D ++ switch_forms net (length x) k s) all_forms.
Proof. intros L H. apply incl_appl. rewrite <- L. apply in_family, H. Qed.

Lemma conditions_in s (x : list F) : has_pattern net k x s -> incl (condition_forms s) all_forms.
Proof. intros H. apply incl_appr. intros f I. apply in_flat_map. exists s. split; [apply (in_patterns net k s x H) | exact I]. Qed.

(** ** The point where the zones touch, and points close to it *)
Variable x : list F.
Hypotheses (Lx : length x = d) (Dx : closed D x) (Hx : holds x).

Definition around_x (y : list F) : Prop := closed D y /\ keeps all_forms x y.
Notation good := (nice all_forms d around_x).

Lemma touches s y : good y -> has_pattern net k y s -> in_cell net k s x.
Proof.
  intros (L & _ & _ & K) H. apply (in_cell_limit net k s x y); [rewrite L; exact Lx | | exact H]. intros f I. apply K.
  apply (rows_in s y L H), in_or_app. right; exact I.
Qed.

Lemma good_zone s y : good y -> has_pattern net k y s -> zone net k D d holds s.
Proof.
  intros G H. pose proof (touches s y G H) as T. destruct G as (L & R & C & K). split.
  - destruct (around inverse net k D s y) as (e & E & A); [|exact C | exact H | exists y, e; auto].
    intros f I. apply R, (rows_in s y L H), I.
  - exists x. auto.
Qed.

Lemma good_same s y z : good y -> good z -> keeps all_forms y z -> has_pattern net k y s -> has_pattern net k z s.
Proof.
  intros (L & R & C & _) (Lz & _) K H. apply (same_pattern net k D s y z); [congruence | | | exact C | exact H];
    intros f I; [apply R | apply K]; apply (rows_in s y L H), I.
Qed.

(** From x a little into a zone that touches it. *)
Lemma enter s : full_pattern net k D d s -> in_cell net k s x -> exists y, good y /\ has_pattern net k y s.
Proof.
  intros (c & e & L & E & B) Cx. destruct (move_off inverse all_forms c e E) as (p & N & R). destruct (B p N) as [Cp Hp].
  assert (Lp : length p = d) by (rewrite (near_length _ _ _ N); exact L).
  assert (Lxp : length x = length p) by congruence.
  destruct (towards inverse all_forms x p Lxp R) as (t & T & T' & K & R'). exists (between t x p).
  assert (Ly : length (between t x p) = d) by (rewrite length_between; assumption).
  split; [split; [exact Ly|]; split; [exact R'|]; split; [apply closed_between; try assumption; apply lt_le; assumption | exact K]|].
  apply has_pattern_iff. apply in_cell_iff in Cx. apply has_pattern_iff in Hp. rewrite Ly. rewrite Lx in Cx. rewrite Lp in Hp.
  revert Cx Hp. generalize (@switch_forms F net d k s). clear - inverse T T' Lxp. intros fs. revert s.
  induction fs as [|f fs IH]; intros s A C; inversion A as [|? on ? s' A1 A']; subst; inversion C as [|? ? ? ? C1 C']; subst; constructor;
    [|apply IH; assumption].
  rewrite value_between by exact Lxp. destruct on; cbn in *.
  - replace ((1 - t) * value f x + t * value f p) with (t * value f p + (1 - t) * value f x) by ring.
    apply add_positive; [apply (mul_positive inverse) | apply mul_nonneg]; try assumption. apply lt_le, T'.
  - apply (le_by ((1 - t) * - value f x + t * - value f p)); [|ring].
    apply add_nonneg; apply mul_nonneg; try apply nonpos_opp; try assumption; apply lt_le; assumption.
Qed.

(** ** Two points in general position to each other *)
Notation generic := (generic all_forms d).

Lemma step_aside_in a b t : good a -> good b -> has_pattern net k b t -> exists c, good c /\ has_pattern net k c t /\ generic a c.
Proof.
  intros (La & Ra & _) (L & R & C & K) H.
  destruct (stay inverse all_forms b) as (e & E & S).
  destruct (around inverse net k D t b) as (h & Hh & A); [intros f I; apply R, (rows_in t b L H), I | exact C | exact H|].
  destruct (smaller e h E Hh) as (m & M & Me & Mh). destruct (step_aside inverse all_forms d a b m La L Ra M) as (c & N & G).
  assert (Lc : length c = d) by (rewrite (near_length _ _ _ N); exact L).
  assert (Kc : keeps all_forms b c) by (apply S, (near_more m); assumption).
  destruct (A c (near_more _ _ _ _ Mh N)) as [Dc Hc]. exists c. split; [|split; [exact Hc | exact G]].
  split; [exact Lc|]. split; [apply (regular_keeps all_forms b c); [congruence | exact R | exact Kc]|]. split; [exact Dc|].
  intros f I. apply (keeps_sign_trans f x b c); [apply K, I | apply Kc, I].
Qed.

(** ** The walk from one point to the other, through walls *)
(** The wall at c where f is zero: close to c no sign but those of f's kind changes, so on f's hyperplane both sides' closed cells meet. *)
Lemma at_wall f c a' b' q r e :
  In f all_forms -> length c = d -> value f c = 0 -> ~ vanishes f d -> keeps all_forms x c -> keeps all_forms c a' -> keeps all_forms c b' ->
  (forall g z, In g all_forms -> value g c = 0 -> length z = d -> value f z = 0 -> value g z = 0) ->
  good a' -> good b' -> has_pattern net k a' q -> has_pattern net k b' r ->
  0 < e -> (forall z, near e c z -> keeps all_forms c z) -> share_facet q r.
Proof.
  intros If Lc Zc V Kx Ka Kb Z Ga Gb Q R E S. exists f, c, e. repeat (split; [assumption|]). intros z N Zz.
  assert (Lz : length z = d) by (rewrite (near_length _ _ _ N); exact Lc).
  assert (Back : forall y, keeps all_forms c y -> keeps all_forms z y).
  { intros y K g Ig. apply (keeps_sign_trans g z c y); [|apply K, Ig].
    apply keeps_sign_back; [intros G; apply Z; assumption | apply S; assumption]. }
  assert (Cell : forall y s, good y -> keeps all_forms c y -> has_pattern net k y s -> in_cell net k s z).
  { intros y s (L & _) K H. apply (in_cell_limit net k s z y); [congruence | | exact H]. intros g I. apply (Back y K).
    apply (rows_in s y L H), in_or_app. right; exact I. }
  pose proof (Cell a' q Ga Ka Q) as Cq. split; [|split; [exact Cq|]; split; [exact (Cell b' r Gb Kb R)|]].
  - destruct Ga as (L & _ & C & _). apply Forall_forall. intros g I. unfold closed in C. rewrite Forall_forall in C. specialize (C g I).
    assert (J : In g all_forms) by (apply (rows_in q a' L Q), in_or_app; left; exact I).
    destruct (le_dec 0 (value g z)) as [P|P]; [exact P | destruct (Back a' Ka g J) as [_ M]; destruct (M P C)].
  - apply (holds_forms q z Lz Cq). intros g I. pose proof (conditions_in q a' Q g I) as J.
    apply (S z N g J), (Kx g J). apply (holds_forms q x Lx (touches q a' Ga Q)); assumption.
Qed.

(** What points in general position are to each other: the zones around them are joined. *)
Definition joins (a b : list F) : Prop := forall s t, has_pattern net k a s -> has_pattern net k b t -> joined s t.

Lemma through f a b m a' b' :
  In f all_forms -> value f a <> 0 -> good a -> good b -> generic a b -> 0 < m -> 0 < 1 - m ->
  let c := between m a b in value f c = 0 -> around_x c -> good a' -> good b' -> keeps all_forms c a' -> keeps all_forms c b' -> joins a' b'.
Proof.
  intros If Nf (La & _) (Lb & _) A _ M c Zc [_ Kxc] Ga Gb Ka Kb q r Hq Hr. assert (Lab : length a = length b) by congruence.
  assert (Vc : forall g, value g c = (1 - m) * value g a + m * value g b) by (intros g; apply value_between, Lab).
  assert (Lc : length c = d) by (unfold c; rewrite length_between; assumption).
  destruct (list_eq_dec bool_dec q r) as [<-|Nqr]; [apply rt_refl|].
  apply rt_step. split; [apply (good_zone q a' Ga Hq)|]. split; [apply (good_zone r b' Gb Hr)|]. split; [exact Nqr|].
  destruct (stay inverse all_forms c) as (e & E & S).
  apply (at_wall f c a' b' q r e); try assumption; [intros V; apply Nf, V, La|].
  intros g z J Zg Lz Zz. apply (same_factor inverse (value f a) _ _ Nf). rewrite Vc in Zg, Zc.
  rewrite (multiples inverse all_forms d a b f g m z A If J La Lz M Zc Zg), Zz. ring.
Qed.

Lemma touching_joined s t :
  full_pattern net k D d s -> full_pattern net k D d t -> in_cell net k s x -> in_cell net k t x -> joined s t.
Proof.
  intros Fs Ft Cs Ct. destruct (enter s Fs Cs) as (a & Ga & Ha). destruct (enter t Ft Ct) as (b & Gb & Hb).
  destruct (step_aside_in a b t Ga Gb Hb) as (c & Gc & Hc & A).
  refine (walk inverse all_forms d around_x joins _ _ _ through a c Ga Gc A s t Ha Hc).
  - intros m y z Ly Lz M M' [Dy Ky] [Dz Kz]. split; [apply closed_between; [congruence | apply lt_le, M | apply lt_le, M' | exact Dy | exact Dz]|].
    intros f I. apply (keeps_sign_between inverse); [congruence | exact M | exact M' | apply Ky, I | apply Kz, I].
  - intros y z Gy Gz K q r Hq Hr. rewrite (has_pattern_unique net k z q r); [apply rt_refl | exact (good_same q y z Gy Gz K Hq) | exact Hr].
  - intros y z w _ Yz Zw q r Hq Hr. destruct (has_pattern_exists net k z) as [p Hp]. apply rt_trans with p; [apply Yz | apply Zw]; assumption.
Qed.
End Islands.

(** Two zones that touch at a point of the domain where the property holds are joined by a chain of zones, each of which shares with the
    next a facet on which it holds. *)
Theorem islands (F : numbers) : divides F -> forall net k d D (holds : list F -> Prop), open_property net k d holds ->
  forall s t x, zone net k D d holds s -> zone net k D d holds t ->
  length x = d -> closed D x -> holds x -> in_cell net k s x -> in_cell net k t x -> joined net k d D holds s t.
Proof.
  intros inverse net k d D holds (forms & A) s t x [S _] [T _] L X H. exact (touching_joined inverse net k d D holds forms A x L X H s t S T).
Qed.

Theorem islands_rational net k i d (D : list (list Qc * Qc)) s t (x : list Qc) :
  zone (F := rationals) net k D d (fires net k i) s -> zone (F := rationals) net k D d (fires net k i) t ->
  length x = d -> closed (F := rationals) D x -> fires (F := rationals) net k i x ->
  in_cell (F := rationals) net k s x -> in_cell (F := rationals) net k t x -> joined (F := rationals) net k d D (fires net k i) s t.
Proof. exact (islands rationals rationals_divide net k d D _ (open_fires net k d i) s t x). Qed.

Theorem islands_real net k i d (D : list (list R * R)) s t (x : list R) :
  zone (F := reals) net k D d (fires net k i) s -> zone (F := reals) net k D d (fires net k i) t ->
  length x = d -> closed (F := reals) D x -> fires (F := reals) net k i x ->
  in_cell (F := reals) net k s x -> in_cell (F := reals) net k t x -> joined (F := reals) net k d D (fires net k i) s t.
Proof. exact (islands reals reals_divide net k d D _ (open_fires net k d i) s t x). Qed.
