namespace Halo.Inference.Model;

/// <summary>A step cannot be computed as it stands; the message says which sequence, position or shard is at fault.</summary>
public sealed class StepException : Exception
{
    /// <param name="message">What is at fault.</param>
    public StepException(string message)
        : base(message)
    {
    }
}
