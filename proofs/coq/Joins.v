(** The tests that the library makes before it joins pieces (zones/merge.py): what passes them is exactly the union of the pieces. *)
From Coq Require Import List ZArith Ring Lia Bool.
From Exactzones Require Import Numbers Linear Network Unrelu Merging Field Position Cover Dents Generators.
Import ListNotations.
Local Open Scope Z_scope.

(** Whether a cell lies in a union of cells: one part after the other is cut away. *)
Fixpoint is_covered (cut : cell -> row -> cell * cell) (parts : list cell) (c : cell) : bool :=
  match parts with
  | [] => false
  | part :: parts' =>
      (fix cut_away (inside : option cell) (rs : list row) : bool :=
         match inside, rs with
         | Some c, r :: rs' =>
             let (below, above) := halves cut c r in
             match below with Some c => is_covered cut parts' c | None => true end && cut_away above rs'
         | _, _ => true
         end) (Some c) (facets part)
  end.

(** The rows of an island's boundary: of the facets of its cells, each with the hyperplanes through which it has neighbours, the others. *)
Definition among (r : row) (rs : list row) : bool := existsb (fun s => if list_eq_dec Z.eq_dec r s then true else false) rs.
Definition outer_rows (island : list (cell * list row)) : list row :=
  flat_map (fun '(c, inner) => filter (fun r => negb (among r inner || among (map Z.opp r) inner)) (facets c)) island.

(** Whether the face of a cell where a valid row is zero has a point at which all strict rows are positive. *)
Definition meets (c : cell) (r : row) (strict : list row) : bool :=
  let face := filter (vanishing r) (rays c) in
  negb (forallb (vanishing [1]) face) && forallb (fun s => negb (forallb (vanishing s) (face ++ lines c))) strict.

(** A piece, and the strict rows of a union if strict rows can tell which boundary points belong to it. *)
Record piece := Piece { closure : cell; conditions : list row }.
Definition exactly (pieces : list piece) : option (list row) :=
  let strict := filter (fun r => forallb (fun p => is_valid r (closure p)) pieces) (flat_map conditions pieces) in
  let wrong p := existsb (fun r => meets (closure p) r (conditions p)) strict || existsb (fun r => meets (closure p) r strict) (conditions p) in
  if existsb wrong pieces then None else Some strict.

(** (0, 1] and [1, 2) are joined to (0, 2); (0, 1) and (1, 2) are not, for 1 is in neither. *)
Definition interval (a b : Z) : cell := Cell [[- a; 1]; [b; -1]] [[1; a]; [1; b]] [].
Example joined : exactly [Piece (interval 0 1) [[0; 1]]; Piece (interval 1 2) [[2; -1]]] = Some [[0; 1]; [2; -1]].
Proof. reflexivity. Qed.
Example refused : exactly [Piece (interval 0 1) [[0; 1]; [1; -1]]; Piece (interval 1 2) [[-1; 1]; [2; -1]]] = None.
Proof. reflexivity. Qed.

Section Joins.
Context {F : numbers}.
Add Ring F_ring : (laws F).
Local Open Scope num_scope.
Implicit Types x : list F.
Variable d : nat.
Variables (cut : cell -> row -> cell * cell) (space : cell).
Hypotheses (Cuts : cuts (F := F) d cut) (Whole : whole (F := F) d space).
Notation sound := (sound (F := F) d).
Notation proper := (proper d).

(** ** Closed cells that fill an envelope *)
(** What the cutting finds covered is. *)
Lemma is_covered_ok parts c x :
  Forall sound parts -> sound c -> length x = d -> is_covered cut parts c = true -> inside c x -> exists p, In p parts /\ inside p x.
Proof.
  intros Ps S L; revert c S. induction Ps as [|p parts P Ps IH]; intros c S C I; [discriminate|]. cbn [is_covered] in C.
  enough (G : (exists q, In q parts /\ inside q x) \/ inside p x) by (destruct G as [(q & J & H)|H]; [exists q | exists p]; cbn; auto).
  destruct P as (_ & _ & _ & _ & P). unfold inside at 2. revert c S I C. induction P as [|r rs Pr P IHr]; intros c S I C; [right; constructor|].
  destruct (halves_ok d cut Cuts c r x S Pr L) as (B & A & H). destruct (halves cut c r) as [below above]; cbn [fst snd] in *.
  apply andb_true_iff in C as [Cb Ca]. destruct (H I) as [(b & -> & J)|(K & a & -> & J)].
  - left. exact (IH b (B b eq_refl) Cb J).
  - destruct (IHr a (proj1 (A a eq_refl)) J Ca) as [G|G]; [left; exact G | right; constructor; assumption].
Qed.

Definition fills (e : cell) (parts : list cell) : Prop :=
  forall x, length x = d -> (inside e x <-> exists p, In p parts /\ inside p x).

(** Two cells with a wall between them. *)
Theorem fills_wall first second wall ours theirs e :
  sound first -> sound second ->
  (forall r, In r (facets first) <-> In r (wall :: ours)) -> (forall r, In r (facets second) <-> In r (map Z.opp wall :: theirs)) ->
  forallb (fun r => is_valid r second) ours = true -> forallb (fun r => is_valid r first) theirs = true ->
  cell_of cut space (ours ++ theirs) = Some e -> fills e [first; second].
Proof.
  intros S T O H V W E x L. rewrite forallb_forall in V, W.
  assert (P : Forall proper (ours ++ theirs)).
  { destruct S as (_ & _ & _ & _ & S), T as (_ & _ & _ & _ & T). rewrite Forall_forall in *.
    intros r I. apply in_app_or in I as [I|I]; [apply S, O | apply T, H]; right; exact I. }
  assert (First : inside first x <-> closed (map form_of (wall :: ours)) x).
  { rewrite closed_forms. unfold inside. rewrite !Forall_forall. split; intros K r I; apply K, O, I. }
  assert (Second : inside second x <-> closed (map form_of (map Z.opp wall :: theirs)) x).
  { rewrite closed_forms. unfold inside. rewrite !Forall_forall. split; intros K r I; apply K, H, I. }
  rewrite (proj2 (cell_of_ok d cut space Cuts Whole _ _ x P L E)), <- closed_forms, map_app.
  rewrite (wall_join (form_of wall) (form_of (map Z.opp wall))).
  - cbn [map] in *. rewrite <- First, <- Second. split.
    + intros [K|K]; [exists first | exists second]; cbn; auto.
    + intros (p & [<-|[<-|[]]] & K); auto.
  - rewrite !value_form_of. apply level_opp.
  - intros K. apply First in K. apply closed_forms, Forall_forall. intros r I. apply (valid_ok _ first); [apply S; assumption | apply W, I].
  - intros K. apply Second in K. apply closed_forms, Forall_forall. intros r I. apply (valid_ok _ second); [apply T; assumption | apply V, I].
Qed.

(** The envelope of cells, if cutting finds it covered. *)
Theorem fills_cover parts e :
  Forall sound parts -> cell_of cut space (filter (fun r => forallb (is_valid r) parts) (flat_map facets parts)) = Some e ->
  is_covered cut parts e = true -> fills e parts.
Proof.
  intros S E C x L. rewrite Forall_forall in S.
  assert (P : Forall proper (filter (fun r => forallb (is_valid r) parts) (flat_map facets parts))).
  { apply Forall_forall. intros r I. apply filter_In in I as [I _]. apply in_flat_map in I as (p & J & I).
    destruct (S p J) as (_ & _ & _ & _ & Q). rewrite Forall_forall in Q. exact (Q r I). }
  destruct (cell_of_ok d cut space Cuts Whole _ _ x P L E) as [Se H]. split.
  - apply is_covered_ok; try assumption. apply Forall_forall. exact S.
  - intros (p & I & K). apply H, Forall_forall. intros r J. apply filter_In in J as [_ V]. rewrite forallb_forall in V.
    apply (valid_ok _ p); [apply S; assumption | apply V, I].
Qed.

(** An island without a dent: the rows of its boundary are valid on all of it.  The assumption about the graph of facets: where a facet leads to
    a neighbour, the neighbour is on the other side of it and has the whole facet. *)
Definition leads (island : list (cell * list row)) (c : cell) (r : row) : Prop :=
  exists other, In other (map fst island) /\
  forall x, length x = d -> (inside other x -> level r x <= 0) /\ (inside c x -> level r x = 0 -> inside other x).

Theorem fills_island island groups e :
  divides F -> island <> [] ->
  (forall c inner, In (c, inner) island -> Forall proper (facets c) /\ full d (inside (F := F) c) /\
     forall r, In r (facets c) -> In r inner \/ In (map Z.opp r) inner -> leads island c r) ->
  Forall sound groups -> (forall x, length x = d -> (exists g, In g groups /\ inside g x) <-> exists c, In c (map fst island) /\ inside c x) ->
  forallb (fun r => forallb (is_valid r) groups) (outer_rows island) = true -> cell_of cut space (outer_rows island) = Some e -> fills e groups.
Proof.
  intros inverse N Isl S Same V E x L. rewrite forallb_forall in V. rewrite Forall_forall in S.
  assert (P : Forall proper (outer_rows island)).
  { apply Forall_forall. intros r I. apply in_flat_map in I as ([c inner] & I & J). apply filter_In in J as [J _].
    destruct (Isl c inner I) as (Pc & _). rewrite Forall_forall in Pc. exact (Pc r J). }
  rewrite (proj2 (cell_of_ok d cut space Cuts Whole _ _ x P L E)), <- closed_forms, (Same x L).
  pose (cells := map (fun c => map form_of (facets c)) (map fst island) : list (list (@form F))).
  assert (Covered : forall y, covered cells y <-> exists c, In c (map fst island) /\ inside c y).
  { intros y. unfold covered, cells. split.
    - intros (rows & I & C). apply in_map_iff in I as (c & <- & I). exists c. split; [exact I | apply closed_forms, C].
    - intros (c & I & C). exists (map form_of (facets c)). split; [apply in_map_iff; exists c; auto | apply closed_forms, C]. }
  rewrite <- Covered. apply (fill_half_spaces inverse d).
  - intros rows I. apply in_map_iff in I as (c & <- & I). apply in_map_iff in I as ([c' inner] & <- & I).
    destruct (Isl c' inner I) as (_ & (q & h & Lq & H & B) & _). exists q, h. repeat (split; [assumption|]). intros z Nz. apply closed_forms, B, Nz.
  - intros y Ly C. apply Covered, (Same y Ly) in C as (g & I & C). apply closed_forms, Forall_forall. intros r J.
    specialize (V r J). rewrite forallb_forall in V. apply (valid_ok _ g); [apply S; assumption | apply V, I].
  - intros rows r I J. apply in_map_iff in I as (c & <- & I). apply in_map_iff in I as ([c' inner] & <- & I). cbn [fst] in *.
    apply in_map_iff in J as (s & <- & J). destruct (among s inner || among (map Z.opp s) inner) eqn:A.
    + right. destruct (Isl c' inner I) as (_ & _ & Leads). destruct (Leads s J) as (other & K & H).
      { apply orb_true_iff in A as [A|A]; [left | right]; apply existsb_exists in A as (h & M & Q);
          (destruct (list_eq_dec Z.eq_dec _ h); [subst h; exact M | discriminate]). }
      exists (map form_of (facets other)). split; [apply in_map_iff; exists other; auto|]. intros y Ly.
      rewrite value_form_of, !closed_forms. exact (H y Ly).
    + left. apply in_map. apply in_flat_map. exists (c', inner). split; [exact I|]. apply filter_In. split; [exact J | rewrite A; reflexivity].
  - destruct island; [congruence | discriminate].
  - exact L.
Qed.

(** ** Strict rows *)
Lemma on_face r gs (ls : list F) :
  forallb (fun g => 0 <=? z_dot r g)%Z gs = true -> Forall (fun l => 0 <= l) ls -> at_generators gs r ls = 0 ->
  exists ks, Forall (fun k => 0 <= k) ks /\ forall s, at_generators gs s ls = at_generators (filter (vanishing r) gs) s ks.
Proof.
  intros V L; revert gs V. induction L as [|l ls P L IH]; intros gs V Z.
  - exists []. split; [constructor|]. intros s. unfold at_generators. rewrite !dot_nil_r. reflexivity.
  - destruct gs as [|g gs]; [exists []; split; [constructor | reflexivity]|]. cbn [forallb] in V. apply andb_true_iff in V as [Vg V].
    apply Z.leb_le in Vg. unfold at_generators in Z; cbn [dot] in Z. fold (at_generators gs r ls) in Z.
    pose proof (at_generators_nonneg gs r ls V L) as Rest. pose proof (mul_nonneg _ _ _ (of_Z_nonneg (F := F) _ Vg) P) as First.
    assert (Z1 : of_Z (z_dot r g) * l = 0).
    { apply le_antisym; [|exact First]. rewrite <- Z. apply (le_by (at_generators gs r ls)); [exact Rest | ring]. }
    assert (Z2 : at_generators gs r ls = 0).
    { rewrite Z1 in Z. rewrite <- Z. ring. }
    destruct (IH gs V Z2) as (ks & K & E). cbn [filter]. unfold vanishing at 1. destruct (Z.eqb_spec (z_dot r g) 0) as [N|N].
    + exists (l :: ks). split; [constructor; assumption|]. intros s. unfold at_generators in *; cbn [dot]. rewrite E. reflexivity.
    + exists ks. split; [exact K|]. intros s. rewrite <- E. unfold at_generators; cbn [dot].
      assert (l = 0) as ->; [|ring]. destruct (z_dot r g) as [|n|n]; try lia.
      apply (cancel_eq n). rewrite Z1. ring.
Qed.

(** Where the face has no point at which all strict rows are positive, no point of the cell is one. *)
Lemma meets_ok c r strict x :
  sound c -> length x = d -> inside c x -> is_valid r c = true -> Forall (fun s => 0 < level s x) strict -> meets c r strict = false ->
  level r x <> 0.
Proof.
  intros (G & H & _) L I V P M Z. destruct (G x L I) as (ls & ms & Ls & E). apply andb_true_iff in V as [Vl Vr].
  assert (On : at_generators (rays c) r ls = 0).
  { rewrite E, (at_generators_zero _ _ _ Vl) in Z. rewrite <- Z. ring. }
  destruct (on_face r (rays c) ls Vr Ls On) as (ks & _ & K).
  assert (T : forall s, level s x = at_generators (filter (vanishing r) (rays c)) s ks + at_generators (lines c) s ms)
    by (intros s; rewrite E, K; reflexivity).
  unfold meets in M. apply andb_false_iff in M as [M|M].
  - apply negb_false_iff in M. assert (Level : level [1%Z] x = 1) by (unfold level; cbn [dot]; rewrite of_Z_1; ring).
    rewrite T, (at_generators_zero _ _ _ M), at_generators_zero in Level.
    + apply (one_positive F). rewrite <- Level. apply le_eq. ring.
    + apply forallb_forall. intros g J. rewrite Forall_forall in H. specialize (H g J). unfold vanishing. destruct g; cbn in *; [reflexivity|].
      subst. reflexivity.
  - apply not_true_iff_false in M. apply M, forallb_forall. intros s J. apply negb_true_iff. apply not_true_iff_false. intros N.
    rewrite forallb_app in N. apply andb_true_iff in N as [N1 N2]. rewrite Forall_forall in P. apply (P s J).
    rewrite T, (at_generators_zero _ _ _ N1), (at_generators_zero _ _ _ N2). apply le_eq. ring.
Qed.

Definition fires (p : piece) x : Prop := inside (closure p) x /\ Forall (fun r => 0 < level r x) (conditions p).
(** Strict rows are valid on the closure, for this was cut with them. *)
Definition fitting (p : piece) : Prop :=
  sound (closure p) /\ Forall proper (conditions p) /\ forall r, In r (conditions p) -> is_valid r (closure p) = true.

(** What the library joins is exactly the union of the pieces. *)
Theorem join_is_union pieces envelope strict :
  Forall fitting pieces -> fills envelope (map closure pieces) -> exactly pieces = Some strict ->
  forall x, length x = d -> (fires (Piece envelope strict) x <-> exists p, In p pieces /\ fires p x).
Proof.
  intros Fit Fill E x L. rewrite Forall_forall in Fit. unfold exactly in E.
  match type of E with (if existsb ?w _ then _ else Some ?s) = _ => destruct (existsb w pieces) eqn:W; [discriminate|]; injection E as E end.
  assert (Right : forall p, In p pieces ->
    (forall r, In r strict -> meets (closure p) r (conditions p) = false) /\
    (forall r, In r (conditions p) -> meets (closure p) r strict = false)).
  { rewrite E in W. intros p I. apply not_true_iff_false in W.
    split; intros r J; apply not_true_iff_false; intros M; apply W, existsb_exists; exists p; (split; [exact I|]); apply orb_true_iff;
      [left | right]; apply existsb_exists; exists r; auto. }
  assert (Valid : forall p r, In p pieces -> In r strict -> is_valid r (closure p) = true).
  { intros p r I J. rewrite <- E in J. apply filter_In in J as [_ V]. rewrite forallb_forall in V. apply V, I. }
  assert (Own : forall p r, In p pieces -> In r (conditions p) -> is_valid r (closure p) = true) by (intros p r I J; apply (Fit p I), J).
  pose (part p := (map (form_of (F := F)) (facets (closure p)), map (form_of (F := F)) (conditions p))).
  assert (Join := join_exact (map part pieces) (map form_of (facets envelope)) (map form_of strict) x).
  unfold fires; cbn [closure conditions]. rewrite closed_forms, positive_forms in Join. fold (inside envelope x) in Join.
  rewrite Join; clear Join.
  - split.
    + intros (q & I & C & P). apply in_map_iff in I as (p & <- & I). exists p. unfold part in *; cbn [fst snd] in *.
      rewrite closed_forms in C. rewrite positive_forms in P. auto.
    + intros (p & I & C & P). exists (part p). split; [apply in_map, I|]. unfold part; cbn [fst snd]. rewrite closed_forms, positive_forms. auto.
  - rewrite (Fill x L). split.
    + intros (c & I & C). apply in_map_iff in I as (p & <- & I). exists (part p). split; [apply in_map, I | apply closed_forms, C].
    + intros (q & I & C). apply in_map_iff in I as (p & <- & I). exists (closure p). split; [apply in_map, I | apply closed_forms, C].
  - intros q r I J C. apply in_map_iff in I as (p & <- & I). apply in_map_iff in J as (s & <- & J). rewrite value_form_of.
    apply closed_forms in C. apply (valid_ok _ (closure p)); [apply (Fit p I); assumption | apply Own; assumption].
  - intros q r I J C. apply in_map_iff in I as (p & <- & I). apply in_map_iff in J as (s & <- & J). rewrite value_form_of.
    apply closed_forms in C. apply (valid_ok _ (closure p)); [apply (Fit p I); assumption | apply Valid; assumption].
  - intros q r I J C P. apply in_map_iff in I as (p & <- & I). apply in_map_iff in J as (s & <- & J). rewrite value_form_of.
    apply closed_forms in C. apply positive_forms in P.
    apply (meets_ok (closure p) s (conditions p)); try assumption; [apply (Fit p I) | apply Valid; assumption | apply (Right p I), J].
  - intros q r I J C P. apply in_map_iff in I as (p & <- & I). apply in_map_iff in J as (s & <- & J). rewrite value_form_of.
    apply closed_forms in C. apply positive_forms in P.
    apply (meets_ok (closure p) s strict); try assumption; [apply (Fit p I) | apply Own; assumption | apply (Right p I), J].
Qed.

(** And it is a piece again: joins may be joined. *)
Theorem join_fits pieces envelope strict :
  Forall fitting pieces -> fills envelope (map closure pieces) -> exactly pieces = Some strict -> sound envelope ->
  fitting (Piece envelope strict).
Proof.
  intros Fit Fill E S. rewrite Forall_forall in Fit. unfold exactly in E.
  match type of E with (if ?w then _ else _) = _ => destruct w; [discriminate|]; injection E as <- end.
  assert (P : forall r p, In p pieces -> In r (conditions p) -> proper r).
  { intros r p I J. destruct (Fit p I) as (_ & P & _). rewrite Forall_forall in P. exact (P r J). }
  split; [exact S|]. split; [apply Forall_forall|]; intros r I; apply filter_In in I as [I V]; apply in_flat_map in I as (p & J & I);
    [exact (P r p J I)|].
  destruct S as (_ & _ & _ & S & _). apply S; [exact (P r p J I)|]. intros x L C. apply (Fill x L) in C as (c & K & C).
  apply in_map_iff in K as (q & <- & K). rewrite forallb_forall in V. apply (valid_ok r (closure q)); [apply (Fit q K); assumption | apply V, K].
Qed.
End Joins.
