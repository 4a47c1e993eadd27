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

Definition nice (x : list F) : Prop := length x = d /\ regular fs x.

Lemma closed_limit rows x y : In rows cells -> keeps fs x y -> closed rows y -> closed rows x.
Proof.
  unfold closed. rewrite !Forall_forall. intros I K C r J. destruct (le_dec 0 (value r x)) as [P|P]; [exact P|].
  destruct (K r (row_in rows r I J)) as [_ N]. destruct (N P (C r J)).
Qed.

(** Through one hyperplane: from a' close to c, which is between a and b, to b' on its other side. *)
Lemma step a b c a' b' m :
  nice a -> nice b -> generic fs d a b -> 0 < 1 - m -> c = between m a b -> keeps fs c a' -> keeps fs c b' -> length b' = d ->
  closed outer b' -> covered a' -> covered b'.
Proof.
  intros (La & Ra) (Lb & _) G M -> Ka Kb Lb' Out (rows & I & C). set (c := between m a b) in *.
  assert (Vc : forall f, value f c = (1 - m) * value f a + m * value f b) by (intros f; apply value_between; congruence).
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

(** By induction on the rows that may change their sign from a to b: if the first does, walk to just before its hyperplane, go
    through, and walk on. *)
Lemma walk rest : forall a b,
  incl rest fs -> nice a -> nice b -> generic fs d a b -> (forall f, In f fs -> In f rest \/ keeps_sign f a b) ->
  closed outer b -> covered a -> covered b.
Proof.
  induction rest as [|f rest IH]; intros a b I Na Nb G K Out Cov.
  { destruct Cov as (rows & J & C). exists rows. split; [exact J|]. unfold closed in *. rewrite Forall_forall in *. intros r Jr.
    destruct (K r (row_in rows r J Jr)) as [[]|[P _]]. destruct (le_dec (value r a) 0) as [Q|Q]; [|apply lt_le, P, Q].
    destruct Na as [La Ra]. apply le_eq. symmetry. apply (Ra r (row_in rows r J Jr)); [apply le_antisym; auto | destruct Nb; congruence]. }
  assert (If : In f fs) by (apply I; left; reflexivity). assert (I' : incl rest fs) by (intros g J; apply I; right; exact J).
  destruct (Na) as [La Ra]. destruct (Nb) as [Lb Rb]. assert (Lab : length a = length b) by congruence.
  destruct (same_side_or_root inverse (value f a) (value f b)) as [Same|[Nf (m & M & M' & Zc)]]; [intros Z; apply (Rb f If Z), Lab| |].
  { apply (IH a b); try assumption. intros g J. destruct (K g J) as [[<-|J']|J']; [right; exact Same | left; exact J' | right; exact J']. }
  set (c := between m a b).
  assert (Vc : forall g, value g c = (1 - m) * value g a + m * value g b) by (intros g; apply value_between, Lab). rewrite <- Vc in Zc.
  assert (Lc : length c = d) by (unfold c; rewrite length_between; assumption).
  assert (Mid : forall g y, keeps_sign g y a -> keeps_sign g y b -> keeps_sign g y c) by (intros g y; apply keeps_sign_between; assumption).
  destruct (leave inverse fs d c a Lc La Ra) as (a' & u & U & U' & La' & Ra' & Ka & Ea).
  destruct (leave inverse fs d c b Lc Lb Rb) as (b' & w & W & W' & Lb' & Rb' & Kb & Eb).
  assert (Va : forall g, value g a' = (1 - u) * value g c + u * value g a) by (intros g; rewrite Ea; apply value_between; congruence).
  assert (Vb : forall g, value g b' = (1 - w) * value g c + w * value g b) by (intros g; rewrite Eb; apply value_between; congruence).
  assert (Oa : closed outer a) by (apply valid; assumption).
  assert (Oc : closed outer c) by (apply closed_between; try assumption; apply lt_le; assumption).
  assert (Oa' : closed outer a') by (rewrite Ea; apply closed_between; try congruence; try assumption; apply lt_le; assumption).
  assert (Ob' : closed outer b') by (rewrite Eb; apply closed_between; try congruence; try assumption; apply lt_le; assumption).
  assert (Before : covered a').
  { apply (IH a a'); try assumption; [split; assumption | |].
    - apply (generic_part inverse fs d a b a a' ((1 - u) * m)); [apply (mul_positive inverse); assumption | | exact G].
      intros g h. rewrite !Va, !Vc. ring.
    - intros g J. destruct (K g J) as [[<-|J']|J']; [right | left; exact J' | right].
      + apply (keeps_sign_scaled inverse f u); [exact U | rewrite Va, Zc; ring].
      + apply (keeps_sign_trans g a c a'); [|apply Ka, J]. apply Mid; [split; auto | exact J']. }
  assert (Behind : covered b') by (apply (step a b c a' b' m); try assumption; reflexivity).
  apply (IH b' b); try assumption; [split; assumption | |].
  - apply (generic_part inverse fs d a b b' b ((1 - w) * (1 - m))); [apply (mul_positive inverse); assumption | | exact G].
    intros g h. rewrite !Vb, !Vc. ring.
  - intros g J. assert (Zero : forall p y, nice p -> length y = d -> value g p = 0 -> value g y = 0).
    { intros p y (Lp & Rp) L Z. apply (Rp g J Z). congruence. }
    destruct (K g J) as [[<-|J']|J']; [right | left; exact J' | right]; (apply keeps_sign_back; [apply Zero; [exact Nb | exact Lb']|]).
    + apply (keeps_sign_scaled inverse f w); [exact W | rewrite Vb, Zc; ring].
    + apply (keeps_sign_trans g b c b'); [|apply Kb, J]. apply Mid; [|split; auto]. apply keeps_sign_back; [apply Zero; assumption | exact J'].
Qed.

Theorem fill_half_spaces x : cells <> [] -> length x = d -> (closed outer x <-> covered x).
Proof.
  intros N L. split; [|apply valid, L]. intros Out. destruct cells as [|rows others] eqn:Cells; [congruence|]. rewrite <- Cells in *.
  assert (I : In rows cells) by (rewrite Cells; left; reflexivity). clear others Cells N.
  destruct (solid rows I) as (q & e & Lq & E & Ball). destruct (half e E) as (h & H & HH).
  destruct (move_off inverse fs q h H) as (p & Np & Rp). assert (Lp : length p = d) by (rewrite (near_length _ _ _ Np); exact Lq).
  assert (Cp : closed rows p) by (apply Ball, (near_more h); [apply (le_by h); [apply lt_le, H | rewrite <- HH; ring] | exact Np]).
  (* x may be on hyperplanes; a little towards p it is on none *)
  destruct (leave inverse fs d x p L Lp Rp) as (y & u & U & U' & Ly & Ry & Ky & Ey).
  enough (covered y) as (found & J & C) by (exists found; split; [exact J | exact (closed_limit found x y J Ky C)]).
  destruct (stay inverse fs p) as (k & K & S). destruct (smaller h k H K) as (t & T & Th & Tk).
  destruct (step_aside inverse fs d y p t Ly Lp Ry T) as (a & Na & G).
  assert (La : length a = d) by (rewrite (near_length _ _ _ Na); exact Lp).
  assert (Ra : regular fs a) by (apply (regular_keeps fs p a); [congruence | exact Rp | apply S, (near_more t); assumption]).
  apply (walk fs a y); [apply incl_refl | split; assumption | split; assumption | | auto | | exists rows; split; [exact I|]].
  - intros f g If Ig Z. apply (G f g If Ig).
    replace (value f y * value g a) with (value g a * value f y) by ring. rewrite <- Z. ring.
  - rewrite Ey. apply closed_between; [congruence | apply lt_le, U | apply lt_le, U' | exact Out | apply valid; [exact Lp | exists rows; auto]].
  - apply Ball. rewrite <- HH. apply (near_trans _ _ q p a Np), (near_more t); assumption.
Qed.
End Dents.
