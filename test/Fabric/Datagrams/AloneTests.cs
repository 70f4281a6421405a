namespace Halo.Fabric.Tests.Datagrams;

/// <summary>Tests that measure the memory of the whole process, or need a processor for themselves: nothing runs beside them.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class AloneTests
{
    /// <summary>The collection's name.</summary>
    public const string Name = "alone";
}
