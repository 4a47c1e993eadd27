(** Cells by double description, as the library keeps them: which rows are valid on one, how a hyperplane cuts it, what rows cut out. *)
From Coq Require Import List ZArith Ring Lia Bool.
From Exactzones Require Import Numbers Linear Network Unrelu Merging.
Import ListNotations.
Local Open Scope Z_scope.

(** Homogeneous rows and generators: row (b, a) says b + a . x >= 0; ray (h, p) is the point p / h or, if h = 0, a direction.
    A cell is what its facets' rows cut out; rays and lines are what its double description says of it. *)
Definition row := list Z.
Record cell := Cell { facets : list row; rays : list row; lines : list row }.
Definition vanishing (r g : row) : bool := z_dot r g =? 0.

Definition is_valid (r : row) (c : cell) : bool := forallb (vanishing r) (lines c) && forallb (fun g => 0 <=? z_dot r g) (rays c).

(** Whether a row is both positive and negative on a cell. *)
Definition crosses (r : row) (c : cell) : bool :=
  negb (forallb (vanishing r) (lines c)) || existsb (fun g => z_dot r g <? 0) (rays c) && existsb (fun g => 0 <? z_dot r g) (rays c).

(** Cutting with a hyperplane, into the parts where the row is <= 0 and >= 0; none where one is flat or empty. *)
Section Cutting.
Variable cut : cell -> row -> cell * cell.
Variable space : cell.

Definition halves (c : cell) (r : row) : option cell * option cell :=
  if crosses r c then let (below, above) := cut c r in (Some below, Some above)
  else if forallb (fun g => 0 <=? z_dot r g) (rays c) then (None, if forallb (vanishing r) (rays c) then None else Some c)
  else (Some c, None).

(** The cell that rows cut out, if it is not empty or flat. *)
Definition cell_of (rs : list row) : option cell :=
  fold_left (fun found r => match found with Some c => snd (halves c r) | None => None end) rs (Some space).
End Cutting.

Section Generators.
Context {F : numbers}.
Add Ring F_ring : (laws F).
Local Open Scope num_scope.
Implicit Types x : list F.
Variable d : nat.

Definition level (r : row) x : F := dot of_Z r (1 :: x).
Definition inside (c : cell) x : Prop := Forall (fun r => 0 <= level r x) (facets c).
Definition form_of (r : row) : @form F := (map of_Z (tl r), of_Z (hd 0%Z r)).

Lemma value_form_of r x : value (form_of r) x = level r x.
Proof.
  assert (D : forall cs y, dot (fun c : F => c) (map of_Z cs) y = dot of_Z cs y).
  { induction cs as [|c cs IH]; intros [|v y]; cbn [map dot]; rewrite ?IH; reflexivity. }
  unfold value, form_of, level; cbn [fst snd]. rewrite D. destruct r as [|b a]; cbn [tl hd dot]; rewrite ?of_Z_0; ring.
Qed.

Lemma closed_forms rs x : closed (map form_of rs) x <-> Forall (fun r => 0 <= level r x) rs.
Proof. unfold closed. rewrite Forall_map, !Forall_forall. split; intros H r I; specialize (H r I); rewrite value_form_of in *; exact H. Qed.
Lemma positive_forms rs x : positive (map form_of rs) x <-> Forall (fun r => 0 < level r x) rs.
Proof. unfold positive. rewrite Forall_map, !Forall_forall. split; intros H r I; specialize (H r I); rewrite value_form_of in *; exact H. Qed.

(** What a double description promises: every point is a combination of generators; these are not all on one hyperplane, for the cell
    is full-dimensional, and are not outside the cell; and no row is trivial. *)
Definition at_generators (gs : list row) (r : row) (ls : list F) : F := dot (fun g => of_Z (z_dot r g)) gs ls.
Definition generated (c : cell) x : Prop :=
  exists ls ms, Forall (fun l => 0 <= l) ls /\ forall r, level r x = at_generators (rays c) r ls + at_generators (lines c) r ms.
Definition proper (r : row) : Prop := length r = S d /\ Exists (fun a => a <> 0%Z) r.
Definition sound (c : cell) : Prop :=
  (forall x, length x = d -> inside c x -> generated c x) /\
  Forall (fun l => hd 0%Z l = 0%Z) (lines c) /\
  (forall r, proper r -> Exists (fun g => z_dot r g <> 0%Z) (rays c ++ lines c)) /\
  (forall r, proper r -> (forall x, length x = d -> inside c x -> 0 <= level r x) -> is_valid r c = true) /\
  Forall proper (facets c).

Lemma at_generators_nonneg gs r ls :
  forallb (fun g => 0 <=? z_dot r g)%Z gs = true -> Forall (fun l => 0 <= l) ls -> 0 <= at_generators gs r ls.
Proof.
  unfold at_generators. rewrite forallb_forall. intros H L; revert gs H.
  induction L as [|l ls P L IH]; intros [|g gs] H; cbn [dot]; try apply le_refl.
  apply add_nonneg; [|apply IH; intros h I; apply H; right; exact I].
  apply mul_nonneg; [|exact P]. apply of_Z_nonneg, Z.leb_le, H. left; reflexivity.
Qed.

Lemma at_generators_zero gs r ls : forallb (vanishing r) gs = true -> at_generators gs r ls = 0.
Proof.
  unfold at_generators, vanishing. intros H; revert ls. induction gs as [|g gs IH]; intros [|l ls]; cbn [dot forallb] in *; try reflexivity.
  apply andb_true_iff in H as [E H]. apply Z.eqb_eq in E. rewrite E, of_Z_0, (IH H). ring.
Qed.

Lemma valid_ok r c x : generated c x -> is_valid r c = true -> 0 <= level r x.
Proof.
  intros (ls & ms & P & E) V. apply andb_true_iff in V as [L R]. rewrite E, (at_generators_zero _ _ _ L).
  apply (le_by (at_generators (rays c) r ls)); [apply at_generators_nonneg; assumption | ring].
Qed.

Lemma negated r g : z_dot (map Z.opp r) g = (- z_dot r g)%Z.
Proof. revert g; induction r as [|a r IH]; intros [|b g]; cbn [z_dot map]; rewrite ?IH; lia. Qed.
Lemma level_opp r x : level (map Z.opp r) x = - level r x.
Proof.
  unfold level. generalize (1 :: x). induction r as [|a r IH]; intros [|v y]; cbn [dot map]; rewrite ?IH, ?of_Z_opp; ring.
Qed.

(** ** Cutting *)
(** What is asked of cutting where a row crosses (double description): the two parts, each with its generators; and of the whole space. *)
Definition cuts (cut : cell -> row -> cell * cell) : Prop :=
  (forall c r x, length x = d ->
    (inside (fst (cut c r)) x <-> inside c x /\ level r x <= 0) /\ (inside (snd (cut c r)) x <-> inside c x /\ 0 <= level r x)) /\
  (forall c r, sound c -> proper r -> crosses r c = true -> sound (fst (cut c r)) /\ sound (snd (cut c r))).
Definition whole (space : cell) : Prop := sound space /\ forall x, inside space x.

(** Where a row does not cross a sound cell, it has one sign there. *)
Lemma on_one_side c r x :
  sound c -> proper r -> length x = d -> inside c x -> crosses r c = false ->
  (forallb (fun g => 0 <=? z_dot r g)%Z (rays c) = true -> 0 <= level r x /\ forallb (vanishing r) (rays c) = false) /\
  (forallb (fun g => 0 <=? z_dot r g)%Z (rays c) = false -> level r x <= 0).
Proof.
  intros (G & _ & S & _) P L I C. unfold crosses in C. apply orb_false_iff in C as [C N]. apply negb_false_iff in C. split; intros R.
  - split; [apply (valid_ok _ c); [apply G; assumption | unfold is_valid; rewrite C, R; reflexivity]|].
    destruct (forallb (vanishing r) (rays c)) eqn:E; [exfalso | reflexivity]. rewrite forallb_forall in C, E.
    destruct (proj1 (Exists_exists _ _) (S r P)) as (g & J & H). apply H, Z.eqb_eq. apply in_app_or in J as [J|J]; [apply E, J | apply C, J].
  - assert (Neg : existsb (fun g => z_dot r g <? 0)%Z (rays c) = true).
    { apply not_true_iff_false in R. apply not_false_iff_true. intros Q. apply R, forallb_forall. intros g J. apply Z.leb_le, Z.ltb_ge.
      apply not_true_iff_false. intros K. apply not_true_iff_false in Q. apply Q, existsb_exists. exists g. auto. }
    rewrite Neg in N. cbn [andb] in N.
    enough (0 <= level (map Z.opp r) x) by (rewrite level_opp in H; apply (le_by (- level r x)); [exact H | ring]).
    apply (valid_ok _ c); [apply G; assumption|]. apply andb_true_iff. split; apply forallb_forall; intros g J.
    + rewrite forallb_forall in C. specialize (C g J). unfold vanishing in *. rewrite negated. apply Z.eqb_eq in C. apply Z.eqb_eq. lia.
    + rewrite negated. apply Z.leb_le. enough (~ 0 < z_dot r g)%Z by lia. intros K. apply Z.ltb_lt in K.
      apply not_true_iff_false in N. apply N, existsb_exists. exists g. auto.
Qed.

Variables (cut : cell -> row -> cell * cell) (space : cell).
Hypotheses (Cuts : cuts cut) (Whole : whole space).

(** Of the halves, the one that is left out is in the other. *)
Lemma halves_ok c r x :
  sound c -> proper r -> length x = d ->
  (forall below, fst (halves cut c r) = Some below -> sound below) /\
  (forall above, snd (halves cut c r) = Some above -> sound above /\ (inside above x <-> inside c x /\ 0 <= level r x)) /\
  (inside c x -> (exists below, fst (halves cut c r) = Some below /\ inside below x) \/
                 (0 <= level r x /\ exists above, snd (halves cut c r) = Some above /\ inside above x)).
Proof.
  intros S P L. unfold halves. destruct (crosses r c) eqn:C.
  - destruct (proj1 Cuts c r x L) as [B A]. destruct (proj2 Cuts c r S P C) as [Sb Sa]. destruct (cut c r) as [below above]; cbn [fst snd] in *.
    split; [intros ? [= <-]; exact Sb|]. split; [intros ? [= <-]; split; [exact Sa | exact A]|]. intros I.
    destruct (total (level r x) 0) as [H|H]; [left | right; split; [exact H|]]; (eexists; split; [reflexivity|]); [apply B | apply A]; auto.
  - pose proof (fun I => on_one_side c r x S P L I C) as One.
    destruct (forallb (fun g => 0 <=? z_dot r g)%Z (rays c)); cbn [fst snd]; (split; [intros ? [= <-]; exact S|]).
    + split.
      * intros above E. destruct (forallb (vanishing r) (rays c)); [discriminate|]. injection E as <-. split; [exact S|].
        split; [intros I; split; [exact I | apply One; auto] | tauto].
      * intros I. right. destruct (One I) as [H _]. destruct (H eq_refl) as [K N]. split; [exact K|]. rewrite N. exists c. auto.
    + split; [discriminate|]. intros I. left. exists c. auto.
Qed.

(** What rows cut out. *)
Lemma cell_of_ok rs c x :
  Forall proper rs -> length x = d -> cell_of cut space rs = Some c -> sound c /\ (inside c x <-> Forall (fun r => 0 <= level r x) rs).
Proof.
  intros P L. unfold cell_of.
  enough (G : forall start, sound start ->
    fold_left (fun found r => match found with Some c => snd (halves cut c r) | None => None end) rs (Some start) = Some c ->
    sound c /\ (inside c x <-> inside start x /\ Forall (fun r => 0 <= level r x) rs)).
  { intros E. destruct (G space (proj1 Whole) E) as [S H]. split; [exact S|]. rewrite H.
    split; [tauto | split; [apply (proj2 Whole) | assumption]]. }
  induction P as [|r rs P Ps IH]; intros start S E; cbn [fold_left] in E.
  - injection E as <-. split; [exact S|]. split; [split; [assumption | constructor] | tauto].
  - destruct (halves_ok start r x S P L) as (_ & A & _). destruct (snd (halves cut start r)) as [above|].
    + destruct (A above eq_refl) as [Sa H]. destruct (IH above Sa E) as [Sc K]. split; [exact Sc|]. rewrite K, H, Forall_cons_iff. tauto.
    + exfalso. clear - E. induction rs as [|r rs IH]; [discriminate | exact (IH E)].
Qed.
End Generators.
