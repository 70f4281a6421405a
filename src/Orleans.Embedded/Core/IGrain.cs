using Orleans.Runtime;

namespace Orleans;

/// <summary>Marks the interface of a grain; every method returns a task, a value task or an async stream.</summary>
public interface IGrain : IAddressable
{
}

/// <summary>Marks the interface of a grain whose key is a string.</summary>
public interface IGrainWithStringKey : IGrain
{
}
