using Halo.Boards.Steps;
using Halo.Planning.Assignment;

namespace Halo.Boards;

/// <summary>Joins the boards of a plan, wherever they are, so that steps can run.</summary>
public interface IStepSessions
{
    /// <summary>
    /// The step runner for a plan's boards: the running one where it joins just these boards and has lost none, else a new one. With a new one
    /// the boards know no sequences. No step may be under way.
    /// </summary>
    /// <exception cref="BoardLostException">A board of the plan cannot be reached; the message names it.</exception>
    Task<StepRunner> OpenAsync(LoadedModel model, Plan plan);
}
