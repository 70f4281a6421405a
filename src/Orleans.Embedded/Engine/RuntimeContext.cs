namespace Orleans.Runtime;

/// <summary>The activation whose turn runs on this thread. Upstream's is public; grains use <c>GrainContext</c>.</summary>
internal static class RuntimeContext
{
    [ThreadStatic]
    private static IGrainContext? s_current;

    internal static IGrainContext? Current
    {
        get => s_current;
        set => s_current = value;
    }
}
