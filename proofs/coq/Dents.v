(** Cells without a dent: if every facet of every cell leads into another of the cells, or its row is valid on all of them, then the
    cells fill the intersection of those rows' half-spaces. *)
From Coq Require Import List ZArith Ring Bool.
From Exactzones Require Import Numbers Network Merging Field Position Crossing Cover.
Import ListNotations.

Section Dents.
Context {F : numbers}.
Add Ring F_ring : (laws F).
Local Open Scope num_scope.
Local Notation form := (@form F).
Hypothesis inverse : divides F.
Variables (d : nat) (cells : list (list form)) (outer : list form).

Definition covered (x : list F) : Prop := exists rows, In rows cells /\ closed rows x.

(** Beyond a facet lies another cell, which has the whole facet. *)
Definition leads_on (rows : list form) (r : form) : Prop :=
  exists other, In other cells /\
  forall x, length x = d -> (closed other x -> value r x <= 0) /\ (closed rows x -> value r x = 0 -> closed other x).

Hypothesis solid : forall rows, In rows cells -> full d (closed rows).
Hypothesis valid : forall x, length x = d -> covered x -> closed outer x.
Hypothesis no_dent : forall rows r, In rows cells -> In r rows -> In r outer \/ leads_on rows r.

Notation fs := (concat cells).
Lemma row_in rows r : In rows cells -> In r rows -> In r fs.
Proof. intros I J. apply in_concat. exists rows. auto. Qed.

Lemma closed_limit rows x y : In rows cells -> keeps fs x y -> closed rows y -> closed rows x.
Proof.
  unfold closed. rewrite !Forall_forall. intros I K C r J. destruct (le_dec 0 (value r x)) as [P|P]; [exact P|].
  destruct (K r (row_in rows r I J)) as [_ N]. destruct (N P (C r J)).
Qed.

Notation nice := (nice fs d (closed outer)).

(** Through one hyperplane: from a' close to c, which is between a and b, to b' on its other side. *)
Lemma step f a b m a' b' :
  In f fs -> value f a <> 0 -> nice a -> nice b -> generic fs d a b -> 0 < m -> 0 < 1 - m ->
  let c := between m a b in value f c = 0 -> closed outer c -> nice a' -> nice b' -> keeps fs c a' -> keeps fs c b' -> covered a' -> covered b'.
Proof.
  intros _ _ (La & Ra & _) (Lb & _) G _ M c _ _ _ (Lb' & _ & Out) Ka Kb (rows & I & C).
  assert (Vc : forall g, value g c = (1 - m) * value g a + m * value g b) by (intros g; apply value_between; congruence).
  assert (Lc : length c = d) by (unfold c; rewrite length_between; congruence).
  pose proof (closed_limit rows c a' I Ka C) as Cc.
  destruct (Forall_Exists_dec (fun r => 0 <= value r b') (fun r => le_dec 0 (value r b')) rows) as [B|B]; [exists rows; auto|].
  apply Exists_exists in B as (r & J & B). pose proof (row_in rows r I J) as Ir.
  assert (Zr : value r c = 0).
  { unfold closed in Cc. rewrite Forall_forall in Cc. apply le_antisym; [|exact (Cc r J)].
    destruct (le_dec (value r c) 0) as [P|P]; [exact P|]. destruct (Kb r Ir) as [Q _]. destruct (B (lt_le _ _ (Q P))). }
  destruct (no_dent rows r I J) as [O|(other & I' & H)].
  { unfold closed in Out. rewrite Forall_forall in Out. destruct (B (Out r O)). }
  exists other. split; [exact I'|]. apply Forall_forall. intros g Jg. pose proof (row_in other g I' Jg) as Ig.
  assert (Cg : 0 <= value g c).
  { pose proof (proj2 (H c Lc) Cc Zr) as Co. unfold closed in Co. rewrite Forall_forall in Co. exact (Co g Jg). }
  destruct (le_dec (value g c) 0) as [Zg|Pg]; [|apply lt_le, (Kb g Ig), Pg]. assert (Eg : value g c = 0) by (apply le_antisym; assumption).
  (* g and r are multiples of each other, and on the cell beyond, which holds a ball, r is negative and g positive *)
  assert (Na : value r a <> 0).
  { intros Z. apply B. rewrite (Ra r Ir Z b'); [apply le_refl | congruence]. }
  assert (Mult : forall z, length z = d -> value r a * value g z = value g a * value r z).
  { intros z Lz. apply (multiples inverse fs d a b r g m z); try assumption; rewrite <- Vc; assumption. }
  destruct (solid other I') as (q & e & Lq & E & Ball). destruct (move_off inverse fs q e E) as (z & N & R).
  assert (Lz : length z = d) by (rewrite (near_length _ _ _ N); exact Lq). specialize (Ball z N).
  assert (Nz : value r z < 0).
  { intros P. apply Na. apply (R r Ir); [|congruence]. apply le_antisym; [apply (H z Lz), Ball | exact P]. }
  assert (Pz : 0 <= value g z) by (unfold closed in Ball; rewrite Forall_forall in Ball; exact (Ball g Jg)).
  assert (Eq : - value r z * value g b' = value g z * - value r b').
  { apply (same_factor inverse (value r a) _ _ Na).
    replace (value r a * (- value r z * value g b')) with (- value r z * (value r a * value g b')) by ring.
    replace (value r a * (value g z * - value r b')) with (value r a * value g z * - value r b') by ring.
    rewrite (Mult b' Lb'), (Mult z Lz). ring. }
  assert (Pos : 0 < - value r z) by (apply negative_opp, Nz).
  destruct (le_dec 0 (value g b')) as [P|P]; [exact P | exfalso].
  apply (mul_positive inverse _ _ Pos (proj1 (negative_opp _) P)).
  apply (le_by (value g z * - value r b')); [apply mul_nonneg; [exact Pz | apply lt_le, negative_opp, B]|]. rewrite <- Eq. ring.
Qed.

Theorem fill_half_spaces x : cells <> [] -> length x = d -> (closed outer x <-> covered x).
Proof.
  intros N L. split; [|apply valid, L]. intros Out. destruct cells as [|rows others] eqn:Cells; [congruence|]. rewrite <- Cells in *.
  assert (I : In rows cells) by (rewrite Cells; left; reflexivity). clear others Cells N.
  destruct (solid rows I) as (q & e & Lq & E & Ball). destruct (half e E) as (h & H & HH).
  destruct (move_off inverse fs q h H) as (p & Np & Rp). assert (Lp : length p = d) by (rewrite (near_length _ _ _ Np); exact Lq).
  assert (Cp : closed rows p) by (apply Ball, (near_more h); [apply (le_by h); [apply lt_le, H | rewrite <- HH; ring] | exact Np]).
  (* x may be on hyperplanes; a little towards p it is on none *)
  assert (Lxp : length x = length p) by congruence.
  destruct (towards inverse fs x p Lxp Rp) as (u & U & U' & Ky & Ry). set (y := between u x p) in *.
  assert (Ly : length y = d) by (unfold y; rewrite length_between; assumption).
  enough (covered y) as (found & J & C) by (exists found; split; [exact J | exact (closed_limit found x y J Ky C)]).
  destruct (stay inverse fs p) as (k & K & S). destruct (smaller h k H K) as (t & T & Th & Tk).
  destruct (step_aside inverse fs d y p t Ly Lp Ry T) as (a & Na & G).
  assert (La : length a = d) by (rewrite (near_length _ _ _ Na); exact Lp).
  assert (Ra : regular fs a) by (apply (regular_keeps fs p a); [congruence | exact Rp | apply S, (near_more t); assumption]).
  assert (Ca : closed rows a) by (apply Ball; rewrite <- HH; apply (near_trans _ _ q p a Np), (near_more t); assumption).
  apply (walk inverse fs d (closed outer) (fun v w => covered v -> covered w)) with (a := a).
  - intros s v w Lv Lw S1 S2. apply closed_between; [congruence | apply lt_le, S1 | apply lt_le, S2].
  - intros v w (Lv & Rv & _) (Lw & _) Kvw (found & J & C). exists found. split; [exact J|]. unfold closed in *. rewrite Forall_forall in *.
    intros r Jr. destruct (Kvw r (row_in found r J Jr)) as [P _]. destruct (le_dec (value r v) 0) as [Q|Q]; [|apply lt_le, P, Q].
    apply le_eq. symmetry. apply (Rv r (row_in found r J Jr)); [apply le_antisym; auto | congruence].
  - auto.
  - exact step.
  - split; [exact La|]. split; [exact Ra|]. apply valid; [exact La | exists rows; auto].
  - split; [exact Ly|]. split; [exact Ry|]. apply closed_between; [exact Lxp | apply lt_le, U | apply lt_le, U' | exact Out|].
    apply valid; [exact Lp | exists rows; auto].
  - intros f g If Ig Z. apply (G f g If Ig). replace (value f y * value g a) with (value g a * value f y) by ring. rewrite <- Z. ring.
  - exists rows. auto.
Qed.
End Dents.
