namespace Halo.Gateway;

/// <summary>The gateway cannot start, for reasons that its user can mend.</summary>
internal sealed class StartException : Exception
{
    /// <param name="message">What is wrong.</param>
    /// <param name="faults">The faults one by one.</param>
    public StartException(string message, IReadOnlyList<string> faults)
        : base(string.Join(Environment.NewLine + "  ", [message, .. faults]))
    {
    }
}
