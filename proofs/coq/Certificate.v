(** Certificates: trees of regions, the checker, and its soundness: "cannot fire" and "the list of zones is complete". *)
From Coq Require Import List ZArith NArith QArith Ring Lia Bool.
From Exactzones Require Import Numbers Network Kinds Execution Backward Rounded Regions.
Import ListNotations.
Local Open Scope Z_scope.

(** The claim that a unit has a lower bound (an upper bound, if [upper]): the checker computes which. *)
Record bound := Bound { b_layer : nat; b_unit : nat; b_upper : bool; b_exact : bool; b_hint : hint }.

(** A node: its number, for messages; bounds in groups, each computed from what the groups before it made known; its kind. *)
Inductive tree :=
| Open                                                                                   (* nothing is claimed yet *)
| Relu (number : Z) (bounds : list (list bound)) (n i : nat) (off on : tree)
| Cut (number : Z) (bounds : list (list bound)) (j : nat) (c : Z) (below above : tree)
| No (number : Z) (bounds : list (list bound)) (mu : list (nat * Z)) (is_exact : bool) (h : hint)
| Zone (number : Z) (bounds : list (list bound)) (j : nat) (also : list bound).         (* bounds that count for this test only *)

Inductive rule := missing_row | missing_unit | missing_condition | missing_zone | not_refuted | not_in_zone.
Inductive verdict := Holds (open_leaves : N) | Broken (number : Z) (why : rule).

Section Check.
Variable u : positive.
Variable cl : claim.
Variable fx : kind Z.
Variable ex : kind Q.
Variable zones : list (list bool).
Let net := network cl.

(** Bounds of one group, all computed from [kn]. *)
Fixpoint learn_group (kn : region) (p : path) (bs : list bound) (found : region) : option region :=
  match bs with
  | [] => Some found
  | b :: bs' =>
      match bound_of u cl fx ex kn p (b_exact b) (b_hint b) (b_layer b) (b_unit b) (b_upper b) with
      | None => None
      | Some None => learn_group kn p bs' found
      | Some (Some v) => learn_group kn p bs' (learn (b_layer b) (b_unit b) (b_upper b) (if b_upper b then - v else v) found)
      end
  end.
Fixpoint learn_groups (p : path) (groups : list (list bound)) (kn : region) : option region :=
  match groups with
  | [] => Some kn
  | bs :: groups' => match learn_group kn p bs kn with Some kn' => learn_groups p groups' kn' | None => None end
  end.

Definition contradictory (f : fact) : bool := match f with (Some l, Some h) => h <? l | _ => false end.
Definition is_empty (kn : region) : bool := existsb (existsb contradictory) kn.

Fixpoint chosen_conditions (mu : list (nat * Z)) : option (list (condition * Z)) :=
  match mu with
  | [] => Some []
  | (j, m) :: mu' =>
      match nth_error (conditions cl) j, chosen_conditions mu' with
      | Some c, Some rest => if m <? 0 then None else Some ((c, m) :: rest)
      | _, _ => None
      end
  end.

(** The facts about units with a ReLU, in the order of patterns. *)
Fixpoint switch_facts (kn : region) (n : nat) : list fact :=
  match n with
  | O => []
  | S i => switch_facts kn i ++ chosen (relus (nth i net no_layer)) (nth (S i) kn [])
  end.
Fixpoint phases_known (fs : list fact) (s : list bool) : bool :=
  match fs, s with
  | [], [] => true
  | f :: fs', on :: s' => (if on : bool then is_on f else is_off f) && phases_known fs' s'
  | _, _ => false
  end.
Definition in_zone (kn : region) (s : list bool) : bool :=
  Nat.ltb (horizon (conditions cl)) (length kn) && phases_known (switch_facts kn (horizon (conditions cl))) s.

Definition splittable (kn : region) (n i : nat) : bool :=
  match n with
  | O => false
  | S j => nth i (relus (nth j net no_layer)) false && Nat.ltb n (length kn) && Nat.ltb i (length (nth n kn []))
  end.

Definition both (a b : verdict) : verdict :=
  match a, b with
  | Holds m, Holds n => Holds (m + n)
  | Broken _ _, _ => a
  | _, _ => b
  end.

Fixpoint check (kn : region) (p : path) (t : tree) : verdict :=
  match t with
  | Open => Holds 1
  | Relu number bounds n i off on =>
      match learn_groups p bounds kn with
      | None => Broken number missing_row
      | Some kn =>
          if splittable kn n i then
            let side upper := p ++ [SplitRow kn n i upper (split_row u cl fx kn n i upper)] in
            match check (learn n i true 0 kn) (side false) off with
            | Holds m => both (Holds m) (check (learn n i false 0 kn) (side true) on)
            | broken => broken
            end
          else Broken number missing_unit
      end
  | Cut number bounds j c below above =>
      match learn_groups p bounds kn with
      | None => Broken number missing_row
      | Some kn =>
          if Nat.ltb j (inputs cl) then
            match check (learn 0 j true c kn) (p ++ [CutRow j c false]) below with
            | Holds m => both (Holds m) (check (learn 0 j false c kn) (p ++ [CutRow j c true]) above)
            | broken => broken
            end
          else Broken number missing_unit
      end
  | No number bounds mu is_exact h =>
      match learn_groups p bounds kn with
      | None => Broken number missing_row
      | Some kn =>
          match chosen_conditions mu with
          | None => Broken number missing_condition
          | Some mu =>
              match refuted u cl fx ex kn p is_exact h mu with
              | None => Broken number missing_row
              | Some proved => if proved || is_empty kn then Holds 0 else Broken number not_refuted
              end
          end
      end
  | Zone number bounds j also =>
      match learn_groups p bounds kn with
      | None => Broken number missing_row
      | Some kn =>
          match nth_error zones j, learn_group kn p also kn with
          | None, _ => Broken number missing_zone
          | _, None => Broken number missing_row
          | Some s, Some kn => if in_zone kn s then Holds 0 else Broken number not_in_zone
          end
      end
  end.
End Check.

(** The whole check of a case. *)
Definition packs_of (u : positive) (net : list layer) : list packed := map (pack (Z.log2 (Zpos u) + 24)) net.
Definition check_with (u : positive) (cl : claim) (zones : list (list bool)) (packs : list packed) (t : tree) : verdict :=
  check u cl (fixed u (exponent u) packs) (exact u packs) zones (start u cl) [] t.
Definition check_case (u : positive) (cl : claim) (zones : list (list bool)) (t : tree) : verdict :=
  check_with u cl zones (packs_of u (network cl)) t.

Section Sound.
Context {F : numbers}.
Add Ring F_ring : (laws F).
Local Open Scope num_scope.
Variable u : positive.
Variable cl : claim.
Variable fx : kind Z.
Variable ex : kind Q.
Variable zones : list (list bool).
Let net := network cl.
Let lost := lost_of u net (noises cl).
Hypothesis fixed_good : sound u net fx (@bound_value F u).
Hypothesis exact_good : sound u net ex (@q_value F).

Notation fact_ok := (@fact_ok F u).
Notation region_ok := (@region_ok F u).
Notation accounted := (@accounted F u net lost).
Notation in_domain := (in_domain cl).
Notation run_has_property := (run_has_property cl).
Notation path_true p x := (Forall (fun r => on_path u cl fx r x) p).

Lemma negated v (z : F) : bound_value u v <= of_Z (-1) * z -> z <= bound_value u (- v).
Proof.
  intros H. unfold bound_value in *. rewrite of_Z_opp. change (-1)%Z with (- (1))%Z in H. rewrite of_Z_opp, of_Z_1 in H.
  apply (le_by (- (1) * z - of_Z v * part u)); [apply nonneg_sub, H | ring].
Qed.

Lemma learn_group_ok kn p bs found kn' (y : execution F) :
  runs net y -> accounted y -> in_domain (input y) -> region_ok kn y -> path_true p y -> region_ok found y ->
  learn_group u cl fx ex kn p bs found = Some kn' -> region_ok kn' y.
Proof.
  intros Run Acc D R P. revert found; induction bs as [|b bs IH]; intros found G E; cbn [learn_group] in E; [injection E as <-; exact G|].
  destruct (bound_of u cl fx ex kn p (b_exact b) (b_hint b) (b_layer b) (b_unit b) (b_upper b)) as [[v|]|] eqn:B; [|exact (IH _ G E)|discriminate].
  refine (IH _ _ E). pose proof (bound_of_ok _ _ _ _ fixed_good exact_good _ _ _ _ _ _ _ _ _ Run Acc D R P B) as V.
  apply learn_ok; [exact G|]. destruct (b_upper b); [apply negated, V|].
  apply (le_trans _ _ _ _ V), le_eq. rewrite of_Z_1. ring.
Qed.

Lemma learn_groups_ok p groups kn kn' (x : execution F) :
  runs net x -> accounted x -> in_domain (input x) -> path_true p x -> region_ok kn x -> learn_groups u cl fx ex p groups kn = Some kn' -> region_ok kn' x.
Proof.
  intros Run Acc D P. revert kn; induction groups as [|bs groups IH]; intros kn R E; cbn [learn_groups] in E; [injection E as <-; exact R|].
  destruct (learn_group u cl fx ex kn p bs kn) as [kn1|] eqn:G; [|discriminate].
  refine (IH kn1 _ E). exact (learn_group_ok _ _ _ _ _ _ Run Acc D R P R G).
Qed.

Lemma is_empty_ok kn (x : execution F) : region_ok kn x -> is_empty kn = true -> False.
Proof.
  intros R E. unfold is_empty in E. apply existsb_exists in E as (fs & I & E). apply In_nth_error in I as [n N].
  specialize (R _ _ N). clear N. induction R as [|[l h] z fs zs H R IH]; cbn [existsb] in E; [discriminate|].
  apply orb_true_iff in E as [E|E]; [|exact (IH E)]. destruct H as [Low High]; cbn [fst snd contradictory] in *.
  destruct l as [l|]; [|discriminate]. destruct h as [h|]; [|discriminate]. apply Z.ltb_lt in E.
  pose proof (le_trans _ _ _ _ Low High) as K. apply (of_Z_lt h l E : (of_Z h : F) < of_Z l).
  unfold bound_value in K.
  apply (mul_le_l (of_Z (Zpos u))) in K; [|apply of_Z_nonneg; lia].
  replace (of_Z (Zpos u) * (of_Z l * part u)) with (of_Z (Zpos u) * (part u * of_Z l) : F) in K by ring.
  replace (of_Z (Zpos u) * (of_Z h * part u)) with (of_Z (Zpos u) * (part u * of_Z h) : F) in K by ring.
  rewrite !part_l in K. exact K.
Qed.

Lemma chosen_conditions_ok mu ms :
  chosen_conditions cl mu = Some ms -> forall cm, In cm ms -> In (fst cm) (conditions cl) /\ (0 <= snd cm)%Z.
Proof.
  revert ms; induction mu as [|[j m] mu IH]; intros ms E cm I; cbn [chosen_conditions] in E; [injection E as <-; destruct I|].
  destruct (nth_error (conditions cl) j) as [c|] eqn:N; [|discriminate].
  destruct (chosen_conditions cl mu) as [rest|]; [|discriminate].
  destruct (Z.ltb_spec m 0) as [M|M]; [discriminate|]. injection E as <-. destruct I as [<-|I]; [|exact (IH _ eq_refl _ I)].
  split; [exact (nth_error_In _ _ N) | exact M].
Qed.

Lemma chosen_facts ms fs (zs : list F) : Forall2 fact_ok fs zs -> Forall2 fact_ok (chosen ms fs) (chosen ms zs).
Proof. intros H; revert ms; induction H; intros [|[] ms]; cbn [chosen]; auto. Qed.

Lemma switch_facts_ok kn n (x : execution F) :
  region_ok kn x -> (n < length kn)%nat -> Forall2 fact_ok (switch_facts cl kn n) (run_switches net n x).
Proof.
  intros R. induction n as [|n IH]; intros L; cbn [switch_facts run_switches]; [constructor|].
  apply Forall2_app; [apply IH; lia|]. apply chosen_facts. apply R. apply nth_error_nth'. exact L.
Qed.

Lemma in_zone_ok kn s (x : execution F) :
  region_ok kn x -> in_zone cl kn s = true -> run_in_cell net (horizon (conditions cl)) s x.
Proof.
  intros R Z. unfold in_zone in Z. apply andb_true_iff in Z as [L Z]. apply Nat.ltb_lt in L.
  pose proof (switch_facts_ok _ _ _ R L) as H. unfold run_in_cell. clear L.
  revert s Z. induction H as [|f z fs zs [Low High] H IH]; intros [|on s] Z; cbn [phases_known] in Z; try discriminate; constructor.
  - apply andb_true_iff in Z as [Z _]. destruct on; cbn [agree]; unfold is_on, is_off in Z.
    + destruct (fst f) as [l|]; [|discriminate]. apply Z.leb_le in Z. exact (le_trans _ _ _ _ (bound_nonneg u l Z) Low).
    + destruct (snd f) as [h|]; [|discriminate]. apply Z.leb_le in Z. exact (le_trans _ _ _ _ High (bound_nonpos u h Z)).
  - apply IH. apply andb_true_iff in Z. tauto.
Qed.

Lemma bound_0 : bound_value u 0 = (0 : F).
Proof. unfold bound_value. rewrite of_Z_0. ring. Qed.

Lemma both_open m v : both (Holds m) v = Holds 0 -> m = 0%N /\ v = Holds 0.
Proof. destruct v as [n|]; cbn [both]; [|discriminate]. intros [= H]. split; [lia|]. f_equal. lia. Qed.

(** Every point of an accepted region that has the property lies in a listed zone's closed cell. *)
Theorem check_ok t kn p (x : execution F) :
  runs net x -> accounted x -> in_domain (input x) -> run_has_property x -> region_ok kn x -> path_true p x -> check u cl fx ex zones kn p t = Holds 0 ->
  exists s, In s zones /\ run_in_cell net (horizon (conditions cl)) s x.
Proof.
  intros Run Acc D H. revert kn p; induction t as [|number bs n i off IHoff on IHon|number bs j c below IHb above IHa|number bs mu e h|number bs j also];
    intros kn p R P C; cbn [check] in C.
  - discriminate.
  - destruct (learn_groups u cl fx ex p bs kn) as [kn'|] eqn:G; [|discriminate].
    pose proof (learn_groups_ok _ _ _ _ _ Run Acc D P R G) as R'. destruct (splittable cl kn' n i); [|discriminate]. cbv zeta in C.
    match type of C with match ?a with _ => _ end = _ => destruct a as [m|] eqn:Coff; [|discriminate] end.
    apply both_open in C as [-> Con]. destruct (total (nth i (befores x n) 0) 0) as [Z|Z].
    + refine (IHoff _ _ _ _ Coff).
      * apply learn_ok; [exact R'|]. rewrite bound_0. exact Z.
      * apply Forall_app. split; [exact P|]. repeat constructor; auto.
        apply (le_trans _ _ (nth i (befores x n) 0)); [|exact Z]. apply le_eq. rewrite of_Z_1. fold net. ring.
    + refine (IHon _ _ _ _ Con).
      * apply learn_ok; [exact R'|]. rewrite bound_0. exact Z.
      * apply Forall_app. split; [exact P|]. repeat constructor; auto.
        apply (le_by (nth i (befores x n) 0)); [exact Z|]. change (-1)%Z with (- (1))%Z. rewrite of_Z_opp, of_Z_1. fold net. ring.
  - destruct (learn_groups u cl fx ex p bs kn) as [kn'|] eqn:G; [|discriminate].
    pose proof (learn_groups_ok _ _ _ _ _ Run Acc D P R G) as R'. destruct (Nat.ltb j (inputs cl)); [|discriminate].
    match type of C with match ?a with _ => _ end = _ => destruct a as [m|] eqn:Cb; [|discriminate] end.
    apply both_open in C as [-> Ca]. destruct (total (nth j (input x) 0) (bound_value u c)) as [Z|Z].
    + refine (IHb _ _ _ _ Cb); [apply learn_ok; assumption|]. apply Forall_app. split; [exact P|]. repeat constructor. exact Z.
    + refine (IHa _ _ _ _ Ca); [apply learn_ok; assumption|]. apply Forall_app. split; [exact P|]. repeat constructor. exact Z.
  - destruct (learn_groups u cl fx ex p bs kn) as [kn'|] eqn:G; [|discriminate].
    pose proof (learn_groups_ok _ _ _ _ _ Run Acc D P R G) as R'. destruct (chosen_conditions cl mu) as [ms|] eqn:M; [|discriminate].
    destruct (refuted u cl fx ex kn' p e h ms) as [[]|] eqn:E; [| |discriminate]; exfalso.
    + exact (refuted_ok _ _ _ _ fixed_good exact_good _ _ _ _ _ _ Run Acc D R' P H (chosen_conditions_ok _ _ M) E).
    + cbn [orb] in C. destruct (is_empty kn') eqn:Em; [|discriminate]. exact (is_empty_ok _ _ R' Em).
  - destruct (learn_groups u cl fx ex p bs kn) as [kn'|] eqn:G; [|discriminate].
    pose proof (learn_groups_ok _ _ _ _ _ Run Acc D P R G) as R'. destruct (nth_error zones j) as [s|] eqn:N; [|discriminate].
    destruct (learn_group u cl fx ex kn' p also kn') as [kn2|] eqn:A; [|discriminate].
    pose proof (learn_group_ok _ _ _ _ _ _ Run Acc D R' P R' A) as R2.
    destruct (in_zone cl kn2 s) eqn:Z; [|discriminate]. exists s. split; [exact (nth_error_In _ _ N) | exact (in_zone_ok _ _ _ R2 Z)].
Qed.

End Sound.

Lemma packs_of_ok u net : packs_ok net (packs_of u net).
Proof. exists (Z.log2 (Zpos u) + 24)%Z. split; [pose proof (Z.log2_nonneg (Zpos u)); lia | reflexivity]. Qed.

(** Every execution whose errors are accounted for, and that has the property, lies in a listed zone's closed cell. *)
Theorem accepted_for_runs (F : numbers) u cl zones t (r : execution F) :
  check_case u cl zones t = Holds 0 -> runs (network cl) r -> accounted u (network cl) (lost_of u (network cl) (noises cl)) r ->
  in_domain cl (input r) -> run_has_property cl r ->
  exists s, In s zones /\ run_in_cell (network cl) (horizon (conditions cl)) s r.
Proof.
  intros C Run Acc D H. pose proof (packs_of_ok u (network cl)) as P.
  exact (check_ok u cl _ _ zones (fixed_sound u _ _ P) (exact_sound u _ _ P) t _ _ r Run Acc D H (start_ok u cl r Run D) (Forall_nil _) C).
Qed.

(** Where nothing is rounded: an accepted certificate proves that the list of zones is complete. *)
Theorem accepted_complete (F : numbers) u cl zones t :
  noises cl = [] -> check_case u cl zones t = Holds 0 ->
  forall x : list F, in_domain cl x -> has_property cl x -> exists s, In s zones /\ in_cell (network cl) (horizon (conditions cl)) s x.
Proof.
  intros N C x D H. destruct (accepted_for_runs F u cl zones t (exact_run (network cl) x) C (exact_runs _ _)) as (s & I & R); auto.
  - intros i fs _. rewrite N. unfold lost_of. rewrite (proj2 (nth_error_None [] i)) by apply Nat.le_0_l.
    split; [constructor | apply apart_self].
  - exists s. split; [exact I|]. unfold run_in_cell in R. rewrite exact_switches in R. exact R.
Qed.

(** An accepted certificate without zones proves that no point of the domain has the property. *)
Theorem accepted_cannot_fire (F : numbers) u cl t :
  noises cl = [] -> check_case u cl [] t = Holds 0 -> forall x : list F, in_domain cl x -> ~ has_property cl x.
Proof. intros N C x D H. destruct (accepted_complete F u cl [] t N C x D H) as (s & [] & _). Qed.
