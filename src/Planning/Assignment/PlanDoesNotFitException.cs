namespace Halo.Planning.Assignment;

/// <summary>No plan fits the boards' memory. The message holds the numbers: what is needed, what each board has, what is short.</summary>
public sealed class PlanDoesNotFitException : Exception
{
    /// <param name="message">What was needed and what there was.</param>
    public PlanDoesNotFitException(string message)
        : base(message)
    {
    }
}
